using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Outbox;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Spike.Rules;

/// <summary>Alert rules of an org: seen, set, removed. Every version is kept.</summary>
internal static class AlertRuleEndpoints
{
    public static void MapAlertRules(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/alert-rules", List).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/alert-rules/{id}", One).Allow(Access.EveryRole);
        api.MapPut("/orgs/{org}/alert-rules/{id}", Set).Allow(Access.Roles(AdminRole.Operator));
        api.MapDelete("/orgs/{org}/alert-rules/{id}", Remove).Allow(Access.Roles(AdminRole.Operator))
            .Irreversible("tieout.alert_rule.remove", "alert_rule", "id");
    }

    private static async Task<IResult> List(string org, HttpContext context, ILedger ledger, CurrentAlertRules current, AlertBook book)
    {
        Inputs.OnlyQuery(context);
        var (asOf, state) = (ledger.Read.AsOf, Inputs.Org(ledger, org));
        var items = new List<AlertRuleBody>();
        foreach (var rule in current.Get().InUse[state.Org.Id]) items.Add(await BodyAsync(rule, book, context.RequestAborted));
        return Answer.Ok(new AlertRuleListBody(state.Org.Id, items, asOf), AlertRuleJson.Default.AlertRuleListBody);
    }

    private static async Task<IResult> One(string org, string id, HttpContext context, ILedger ledger, AlertRuleChanges changes, AlertBook book)
    {
        Inputs.OnlyQuery(context);
        return Answer.Ok(
            await BodyAsync(Standing(changes, Inputs.Org(ledger, org).Org.Id, id), book, context.RequestAborted), AlertRuleJson.Default.AlertRuleBody);
    }

    private static async Task<IResult> Set(string org, string id, HttpContext context, ILedger ledger, AlertRuleChanges changes, AlertBook book)
    {
        var body = await Inputs.BodyAsync(context, AlertRuleJson.Default.SetAlertRuleBody);
        var (state, call) = (Inputs.Org(ledger, org), AdminCalls.Of(context));
        var next = changes.Read(state, id, body, call.Actor.Id);
        await changes.SetAsync(next, call);
        return Answer.Made(next.Version == 1, await BodyAsync(next, book, context.RequestAborted), AlertRuleJson.Default.AlertRuleBody);
    }

    private static async Task<IResult> Remove(string org, string id, HttpContext context, ILedger ledger, AlertRuleChanges changes, AlertBook book)
    {
        Inputs.OnlyQuery(context);
        var (standing, call) = (Standing(changes, Inputs.Org(ledger, org).Org.Id, id), AdminCalls.Of(context));
        if (standing.RemovedAt is null) standing = await changes.RemoveAsync(standing, call);
        else call.MarkRecorded("It was removed before.");
        return Answer.Ok(await BodyAsync(standing, book, context.RequestAborted), AlertRuleJson.Default.AlertRuleBody);
    }

    private static async Task<AlertRuleBody> BodyAsync(AlertRule rule, AlertBook book, CancellationToken cancellationToken) =>
        AlertRuleBody.Of(rule, await book.FindAsync(AlertRuleWatch.Code, AlertRuleWatch.ScopeOf(rule), cancellationToken));

    private static AlertRule Standing(AlertRuleChanges changes, string org, string id) =>
        changes.Find(org, id) ?? throw new ApiRefusedException(ApiError.AlertRuleNotFound, $"The alert rule '{Inputs.Shown(id)}' does not exist.");
}
