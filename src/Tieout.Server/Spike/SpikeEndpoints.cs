using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Server.Http;
using Tieout.Server.Spike.Mitigations;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary><c>GET /spike</c>: why the cost rose, of an org or of all orgs of an asset.</summary>
internal static class SpikeEndpoints
{
    public static void MapSpike(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/spike", One).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapGet("/spike", All).Allow(Access.EveryRole);
    }

    private static Task<IResult> One(
        string org, HttpContext context, ILedger ledger, SpikeRun run, MitigationSuggestions suggestions, TimeProvider time)
    {
        Inputs.OnlyQuery(context, SpikeRequest.Known);
        var state = Inputs.Org(ledger, org);
        return AnswerAsync(SpikeRequest.Read(context, state.Org.Id, state.Org.Asset, [state], Instant.From(time.GetUtcNow())), context, run, suggestions);
    }

    private static Task<IResult> All(HttpContext context, ILedger ledger, SpikeRun run, MitigationSuggestions suggestions, TimeProvider time)
    {
        Inputs.OnlyQuery(context, ["asset", .. SpikeRequest.Known]);
        var (asset, orgs) = Inputs.OrgsOfAsset(context, ledger);
        return AnswerAsync(SpikeRequest.Read(context, null, asset, orgs, Instant.From(time.GetUtcNow())), context, run, suggestions);
    }

    private static async Task<IResult> AnswerAsync(SpikeRequest request, HttpContext context, SpikeRun run, MitigationSuggestions suggestions)
    {
        var result = await run.RunAsync(request, context.RequestAborted);
        return Answer.Ok(SpikeReport.Of(result, await suggestions.ForAsync(result, request.To, context.RequestAborted)), SpikeJson.Default.SpikeBody);
    }
}
