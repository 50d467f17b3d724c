using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>Runs, corrections of findings, and freezes.</summary>
internal static class ReconciliationEndpoints
{
    public static void MapReconciliations(this IEndpointRouteBuilder api)
    {
        api.MapPost("/reconciliations", RunAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapGet("/reconciliations",
            (ReconciliationRun reconciling) => Answer.Ok(new RunProgressBody(reconciling.Progress.Done, reconciling.Progress.Total),
                ReconciliationJson.Default.RunProgressBody)).Allow(Access.EveryRole);
        api.MapPost("/findings/{finding}/correct", CorrectAsync).Allow(Access.Roles(AdminRole.Finance));
        api.MapGet("/orgs/{org}/adjustments",
            (string org, ILedger ledger) => Answer.Ok(FreezeOf(Inputs.Org(ledger, org).Org.Id, ledger), TenancyJson.Default.FreezeBody)).Allow(
                Access.EveryRole);
        api.MapPost("/orgs/{org}/adjustments/freeze", FreezeAsync).Allow(Access.Roles(AdminRole.Finance));
        api.MapPost("/orgs/{org}/adjustments/unfreeze", UnfreezeAsync).Allow(Access.Roles(AdminRole.Finance));
    }

    private static async Task<IResult> RunAsync(HttpContext context, ILedger ledger, ReconciliationRun reconciling)
    {
        Inputs.OnlyQuery(context);
        var request = await Inputs.BodyAsync(context, ReconciliationJson.Default.ReconciliationRequest);
        var zone = request.Org is { } org ? Inputs.Org(ledger, org).Zone : TimeZoneInfo.Utc;
        var filter = new FindingFilter(
            request.Org, request.From is { } from ? Inputs.Time(from, zone) : null, request.To is { } to ? Inputs.Time(to, zone) : null, request.Project,
            request.AppInstance,
            request.Key, request.Correlation);
        var run = await reconciling.RunAsync(filter, request.Full, context.RequestAborted);
        if (run.Opened + run.Ended == 0) AdminCalls.Of(context).MarkRecorded("A dry run only reads.");
        var body = new ReconciliationBody(
            [.. run.Findings.Select(ReconciledFinding.Of)], run.Report.Checked, run.Report.AsOf, run.Opened, run.Ended, run.Report.More);
        return Answer.Ok(body, ReconciliationJson.Default.ReconciliationBody);
    }

    private static async Task<IResult> CorrectAsync(string finding, HttpContext context, FindingCorrection correcting)
    {
        var request = await Inputs.BodyAsync(context, ReconciliationJson.Default.CorrectFindingRequest);
        if (request.Reason?.Length > Inputs.ReasonMax)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"A reason has at most {Inputs.ReasonMax} characters.");
        }

        if (request.Amount is { } amount) Inputs.Positive(amount, "the right amount", zeroIsFine: true);
        return Answer.Ok(await correcting.CorrectAsync(finding, request, AdminCalls.Of(context)), ReconciliationJson.Default.CorrectedBody);
    }

    private static async Task<IResult> FreezeAsync(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var reason = Inputs.Reason((await Inputs.BodyAsync(context, ReconciliationJson.Default.FreezeRequest)).Reason);
        Inputs.Org(ledger, org);
        return await RecordAsync(new(org, Frozen: true, reason, Caller.Of(context).TokenId, Instant.From(time.GetUtcNow()).ToString()), context, ledger);
    }

    /// <summary>A freeze that a reconciliation brought is lifted only when a run no longer finds what brought it.</summary>
    private static async Task<IResult> UnfreezeAsync(string org, HttpContext context, ILedger ledger, ReconciliationRun reconciling, TimeProvider time)
    {
        var reason = Inputs.Reason((await Inputs.BodyAsync(context, ReconciliationJson.Default.FreezeRequest)).Reason);
        Inputs.Org(ledger, org);
        if (Freezes.Of(ledger, org) is not { Frozen: true, By: not null })
        {
            var run = await reconciling.RunAsync(new(org), full: true, context.RequestAborted);
            var touched = run.Findings.Where(finding => finding.Scope.AppInstance is not null || finding.Code == FindingCode.HashBreak).ToList();
            if (touched.Count > 0)
            {
                throw new ApiRefusedException(ApiError.AdjustmentsFrozen,
                    $"{touched.Count} findings of app instances are open, for example {touched[0].Id}. Correct them first: 'tieout correct {touched[0].Id}'.");
            }
        }

        return await RecordAsync(new(org, Frozen: false, reason, Caller.Of(context).TokenId, Instant.From(time.GetUtcNow()).ToString()), context, ledger);
    }

    private static async Task<IResult> RecordAsync(FreezeBody body, HttpContext context, ILedger ledger)
    {
        (await ledger.ActAsync(Freezes.Record(body), AdminCalls.Of(context))).OrThrow();
        return Answer.Ok(body, TenancyJson.Default.FreezeBody);
    }

    private static FreezeBody FreezeOf(string org, ILedger ledger) => Freezes.Of(ledger, org) ?? new(org, Frozen: false, "", By: null, "");
}
