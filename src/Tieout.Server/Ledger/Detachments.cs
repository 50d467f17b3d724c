using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ledger;

/// <param name="Before">Months before this one, YYYY-MM, in UTC by the time of recording.</param>
/// <param name="Archive">The full path of the archive's folder, as the server sees it.</param>
/// <param name="Plan">The id that <c>tieout archive detach</c> shows.</param>
/// <param name="SecondToken">Where approvals are set: the token of another administrator, who agrees.</param>
public sealed record DetachBody(string Before, string Archive, string Plan, string? SecondToken = null);

/// <param name="State">idle, running, done or failed.</param>
/// <param name="Rows">Rows that the present step has compared or removed.</param>
/// <param name="TotalRows">Of so many.</param>
/// <param name="Usage">Usage records that the archive has in the ledger's place; null: it has not ended.</param>
/// <param name="FreedBytes">How much smaller the store is.</param>
/// <param name="Reason">Why it failed, and what to do.</param>
public sealed record DetachStatusBody(
    string State, string? Plan, string? Before, string? Archive, string? StartedAt, string? EndedAt, long Rows, long TotalRows, long? Usage, long? Postings,
    long? Holds, long? FreedBytes, string? Reason)
{
    internal const string Running = "running";
    internal const string Done = "done";
    internal const string Failed = "failed";

    /// <summary>Nothing since the server started.</summary>
    internal static DetachStatusBody Idle { get; } = new("idle", null, null, null, null, null, 0, 0, null, null, null, null, null);
}

/// <summary>Archived months leave the ledger while the server runs: a second, explicit call that names the plan, with a second person where approvals are set.
/// </summary>
internal static class DetachEndpoints
{
    /// <summary>As a guard policy names it.</summary>
    public const string Action = "tieout.archive.detach";

    public static void MapDetachments(this IEndpointRouteBuilder api)
    {
        api.MapPost("/archive/detach", StartAsync).Allow(Access.Roles()).Irreversible(Action, "archive", null);
        api.MapGet("/archive/detach", Show).Allow(Access.Roles(AdminRole.Operator));
    }

    private static async Task<IResult> StartAsync(HttpContext context, ILedger ledger, ServerOptions options, CurrentKeys keys, DetachJob job)
    {
        Inputs.OnlyQuery(context);
        var body = await Inputs.BodyAsync(context, LedgerJson.Default.DetachBody);
        var (before, plan) = (Inputs.Month(body.Before), Inputs.Name(body.Plan, "plan"));
        if (!Path.IsPathFullyQualified(body.Archive) || !Directory.Exists(body.Archive))
        {
            throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"'{Inputs.Shown(body.Archive)}' is not a folder of the server: write the full path of the archive, such as /archive/tieout.");
        }

        job.Validate(plan);
        var agreed = Agreed(Caller.Of(context), body.SecondToken, options.Approvals, keys);
        var call = AdminCalls.Of(context);
        await ledger.RecordActionAsync(call, "", new() { ["plan"] = plan, ["archive"] = body.Archive, ["agreed_by"] = agreed?.Id });

        // The records of the chain are of the same action.
        var action = call.Action(new() { ["plan"] = plan, ["agreed_by"] = agreed?.Id });
        return Answer.Ok(job.Start(new(before, body.Archive, plan, _ => action)), LedgerJson.Default.DetachStatusBody);
    }

    private static IResult Show(HttpContext context, DetachJob job)
    {
        Inputs.OnlyQuery(context);
        return Answer.Ok(job.Status ?? DetachStatusBody.Idle, LedgerJson.Default.DetachStatusBody);
    }

    /// <summary>The administrator who agrees; null: nobody need.</summary>
    private static RoleToken? Agreed(Caller caller, string? second, ApprovalOptions approvals, CurrentKeys keys)
    {
        if (approvals.Limits.IsEmpty) return null;
        var agreed = string.IsNullOrWhiteSpace(second) ? null : keys.Get().FindToken(Encoding.UTF8.GetBytes(second.Trim()));
        if (caller == Caller.Root || agreed is not { Role: AdminRole.Admin })
        {
            throw new ApiRefusedException(
                ApiError.ApprovalRequired,
                "Approvals are set, so two administrators detach months: call with the token of one, and give that of the other as second_token.");
        }

        return caller.Person != (agreed.Name ?? agreed.Id) ? agreed : throw new ApiRefusedException(
            ApiError.ProposalOwn, "Both tokens belong to the same person. A second person must agree, with a token of their own.");
    }
}
