using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Core.Tenancy;
using Tieout.Server.Api;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Inside;

/// <summary>Runs, corrections, and the freeze that several hit instances bring.</summary>
internal static class ReconciliationEndpoints
{
    /// <summary>The token of the second person, as <c>Authorization</c> has the first one's.</summary>
    public const string ApprovalHeader = "Tieout-Approval";

    private const int ReasonMax = 500;

    public static void MapReconciliations(this IEndpointRouteBuilder api)
    {
        api.MapPost("/reconciliations", RunAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapGet("/reconciliations", (Reconciling reconciling) => Answer.Ok(new RunProgressBody(reconciling.Progress.Done, reconciling.Progress.Total), ReconciliationJson.Default.RunProgressBody)).Allow(Access.EveryRole);
        api.MapPost("/findings/{finding}/correct", CorrectAsync).Allow(Access.Roles(AdminRole.Finance));
        api.MapGet("/orgs/{org}/adjustments", (string org, ILedger ledger, Reconciling reconciling) => Answer.Ok(FreezeOf(Inputs.Org(ledger, org).Org.Id, reconciling), ReconciliationJson.Default.FreezeBody)).Allow(Access.EveryRole);
        api.MapPost("/orgs/{org}/adjustments/unfreeze", UnfreezeAsync).Allow(Access.Roles(AdminRole.Finance));
    }

    /// <exception cref="ApiRefusedException">Findings touch several app instances of the org, and nobody has lifted the freeze.</exception>
    public static void RefuseIfFrozen(string org, Reconciling reconciling)
    {
        if (reconciling.Freeze(org) is { Frozen: true } freeze) throw new ApiRefusedException(ApiError.AdjustmentsFrozen, $"Since {freeze.At}: {freeze.Reason}. Correct the findings, then lift it with a reason.");
    }

    private static async Task<IResult> RunAsync(HttpContext context, ILedger ledger, Reconciling reconciling)
    {
        Inputs.OnlyQuery(context);
        var request = await Inputs.BodyAsync(context, ReconciliationJson.Default.ReconciliationRequest);
        var zone = request.Org is { } org ? Inputs.Org(ledger, org).Zone : TimeZoneInfo.Utc;
        var filter = new FindingFilter(
            request.Org, request.From is { } from ? Inputs.Time(from, zone) : null, request.To is { } to ? Inputs.Time(to, zone) : null, request.Project, request.AppInstance,
            request.Key, request.Correlation);
        var run = await reconciling.RunAsync(filter, request.Full, context.RequestAborted);
        var body = new ReconciliationBody([.. run.Findings.Select(ReconciledFinding.Of)], run.Report.Checked, run.Report.AsOf, run.Opened, run.Ended, run.Report.More);
        return Answer.Ok(body, ReconciliationJson.Default.ReconciliationBody);
    }

    private static async Task<IResult> CorrectAsync(
        string finding, HttpContext context, Correcting correcting, ServerOptions options, AdminToken admin, CurrentKeys keys)
    {
        var request = await Inputs.BodyAsync(context, ReconciliationJson.Default.CorrectFindingRequest);
        if (request.Reason?.Length > ReasonMax) throw new ApiRefusedException(ApiError.ParameterInvalid, $"A reason has at most {ReasonMax} characters.");
        if (request.Amount is { } amount) Inputs.Positive(amount, "the right amount", zeroIsFine: true);
        var approver = Approver(context, admin, keys);
        if (!request.DryRun && options.ApprovalAbove is { } above && await correcting.MovesAsync(finding, request, context.RequestAborted) is { } moves && Largest(moves) > above && approver is null)
        {
            throw new ApiRefusedException(ApiError.ApprovalRequired, $"It moves {moves}, and above {above} a second person approves: send their token as {ApprovalHeader}.");
        }

        return Answer.Ok(await correcting.CorrectAsync(finding, request, approver, context), ReconciliationJson.Default.CorrectedBody);
    }

    /// <summary>Who approves; null: nobody was named.</summary>
    /// <exception cref="ApiRefusedException">The token is unknown, may not approve, or is the caller's own.</exception>
    private static string? Approver(HttpContext context, AdminToken admin, CurrentKeys keys)
    {
        var token = context.Request.Headers[ApprovalHeader].ToString().Trim();
        if (token.Length == 0) return null;
        var (id, role) = admin.Matches(token) ? ("admin", AdminRole.Admin) : keys.Get().FindToken(Encoding.UTF8.GetBytes(token)) is { } found ? (found.Id, found.Role) : ("", AdminRole.Viewer);
        if (role is not (AdminRole.Admin or AdminRole.Finance)) throw new ApiRefusedException(ApiError.ApprovalRequired, "The approving token is not in use, or neither finance's nor an admin's.");
        if (id == Caller.Of(context).TokenId) throw new ApiRefusedException(ApiError.ApprovalRequired, "Nobody approves their own correction: it takes the token of another.");
        return id;
    }

    private static async Task<IResult> UnfreezeAsync(string org, HttpContext context, ILedger ledger, Reconciling reconciling, TimeProvider time)
    {
        var request = await Inputs.BodyAsync(context, ReconciliationJson.Default.UnfreezeRequest);
        Inputs.Org(ledger, org);
        if (string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > ReasonMax) throw new ApiRefusedException(ApiError.ParameterInvalid, $"Give a reason of 1 to {ReasonMax} characters.");
        var run = await reconciling.RunAsync(new(org), full: true, context.RequestAborted);
        var touched = run.Findings.Where(finding => finding.Scope.AppInstance is not null || finding.Code == FindingCode.HashBreak).ToList();
        if (touched.Count > 0) throw new ApiRefusedException(ApiError.AdjustmentsFrozen, $"{touched.Count} findings are still there, {touched[0].Id} among them: correct them first.");
        var body = new FreezeBody(org, Frozen: false, request.Reason, Caller.Of(context).TokenId, Instant.From(time.GetUtcNow()).ToString());
        (await ledger.ActAsync(Reconciling.FreezeRecord(body), context)).OrThrow();
        return Answer.Ok(body, ReconciliationJson.Default.FreezeBody);
    }

    private static FreezeBody FreezeOf(string org, Reconciling reconciling) => reconciling.Freeze(org) ?? new(org, Frozen: false, "", By: null, "");

    private static Amount Largest(Amount moves) => moves < Amount.Zero ? -moves : moves;
}
