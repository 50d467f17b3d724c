using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Lineages;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Triage;

/// <summary><c>GET /triage</c>: whether a tenant's costs can be defended, and what is broken first.</summary>
internal static class TriageEndpoints
{
    public static void MapTriage(this IEndpointRouteBuilder api) => api.MapGet("/triage", ReadAsync).Allow(Access.EveryRole);

    private static async Task<IResult> ReadAsync(HttpContext context, ILedger ledger, TriageRun run, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org", "from", "to", "all");
        var all = Inputs.Query(context, "all") switch
        {
            null or "false" => false,
            "true" => true,
            var other => throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(other)}' is neither true nor false."),
        };
        var range = LineageRange.Of(
            ledger, Inputs.Query(context, "org"), Inputs.Query(context, "from"), Inputs.Query(context, "to"), Instant.From(time.GetUtcNow()));
        return Answer.Ok(await run.RunAsync(range, all, context.RequestAborted), TriageJson.Default.TriageBody);
    }
}
