using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <param name="State">open, settled, released or expired.</param>
/// <param name="EndedAt">Null: open, or not asked for.</param>
public sealed record HoldBody(
    string Id, string Org, string OperationId, string? Project, string? Team, string? Key, string? User, Amount Amount, string State,
    string HeldAt, string ExpiresAt, string? EndedAt)
{
    internal static HoldBody From(Hold hold, HoldState state, string? endedAt) => new(
        hold.Id.ToString(), hold.Scope.Org, hold.OperationId, hold.Scope.Project, hold.Scope.Team, hold.Scope.Key, hold.EndUser, hold.Amount,
        SnakeCase.Of(state), hold.HeldAt.ToString(), hold.ExpiresAt.ToString(), endedAt);
}

public sealed record HoldListBody(IReadOnlyList<HoldBody> Items, long AsOf);

/// <summary>Holds: money set aside for attempts in flight, and what became of it.</summary>
internal static class HoldEndpoints
{
    public static void MapHolds(this IEndpointRouteBuilder api)
    {
        api.MapGet("/holds", (HttpContext context, ILedger ledger) => List(org: null, context, ledger)).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/holds", (string org, HttpContext context, ILedger ledger) => List(Inputs.Org(ledger, org).Org.Id, context, ledger)).Allow(
            Access.EveryRole);
    }

    private static async Task<IResult> List(string? org, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "state", "limit");
        var asOf = ledger.Read.AsOf;
        var limit = Inputs.Limit(context);
        var text = Inputs.Query(context, "state") ?? "open";
        var state = Enum.GetValues<HoldState>().Select(value => (HoldState?)value).FirstOrDefault(value => SnakeCase.Of(value!.Value) == text)
            ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "The state of a hold is open, settled, released or expired.");
        // Open holds are in memory, and so as current as every balance.
        IEnumerable<HoldBody> items = state == HoldState.Open
            ? ledger.Read.OpenHolds(org).OrderByDescending(hold => hold.Seq).Take(limit).Select(hold => HoldBody.From(hold, state, endedAt: null))
            : (await ledger.Read.HoldsAsync(org, state, limit, context.RequestAborted)).Select(
                held => HoldBody.From(held.Hold, held.State, held.EndedAt?.ToString()));
        return Answer.Ok(new HoldListBody([.. items], asOf), MeteringJson.Default.HoldListBody);
    }
}
