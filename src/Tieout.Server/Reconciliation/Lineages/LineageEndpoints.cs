using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>Audits of lineages: read by anybody of the platform, kept as findings by those who may reconcile.</summary>
internal static class LineageEndpoints
{
    public static void MapLineages(this IEndpointRouteBuilder api)
    {
        api.MapGet("/lineage/audit", ReadAsync).Allow(Access.EveryRole);
        api.MapPost("/lineage/audit", KeepAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
    }

    private static async Task<IResult> ReadAsync(HttpContext context, ILedger ledger, LineageAudits audits, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org", "from", "to");
        var range = LineageRange.Of(
            ledger, Inputs.Query(context, "org"), Inputs.Query(context, "from"), Inputs.Query(context, "to"), Instant.From(time.GetUtcNow()));
        return Answer.Ok(await audits.RunAsync(range, keeps: false, context.RequestAborted), LineageJson.Default.LineageAuditBody);
    }

    private static async Task<IResult> KeepAsync(HttpContext context, ILedger ledger, LineageAudits audits, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var body = await Inputs.BodyAsync(context, LineageJson.Default.LineageAuditRequest);
        var range = LineageRange.Of(ledger, body.Org, body.From, body.To, Instant.From(time.GetUtcNow()));
        return Answer.Ok(await audits.RunAsync(range, keeps: true, context.RequestAborted), LineageJson.Default.LineageAuditBody);
    }
}
