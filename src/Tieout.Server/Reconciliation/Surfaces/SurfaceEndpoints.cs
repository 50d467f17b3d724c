using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Surfaces;

public sealed record SurfaceListBody(IReadOnlyList<SurfaceBody> Items);

/// <summary>A configured surface and how the last comparison with it went.</summary>
/// <param name="Kind">sql, http or file.</param>
/// <param name="Org">Null: all orgs, of a provider's bill, which has its own <paramref name="Amount"/> and <paramref name="Unit"/> too.</param>
/// <param name="Address">Of an http surface, without its query; null: another kind.</param>
/// <param name="EverySeconds">Null: it is compared only when asked for.</param>
/// <param name="LastAt">Null, as those after it: not compared by schedule since this server started.</param>
/// <param name="Failure">Why it could not be compared; null: it could.</param>
/// <param name="DriftingSince">Since when the drift is above 5 %; after ten minutes an alert is told. Null: it is not.</param>
public sealed record SurfaceBody(
    string Name, string Kind, string? Org, string Key, string? Amount, string? Unit, string? Address, long? EverySeconds,
    string? LastAt, decimal? DriftPct, string? Severity, int? Differing, string? Failure, string? DriftingSince);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SurfaceListBody))]
public sealed partial class SurfaceJson : JsonSerializerContext;

/// <summary>Configured surfaces: what there is, and comparing with one by name.</summary>
internal static class SurfaceEndpoints
{
    private const int QueryBytesMax = 64 * 1024;

    public static void MapSurfaces(this IEndpointRouteBuilder api)
    {
        api.MapGet("/surfaces",
            (SurfaceTies ties) => Answer.Ok(new SurfaceListBody([.. ties.All.Select(surface => Body(surface, ties.Standing(surface.Name)))]),
                SurfaceJson.Default.SurfaceListBody)).Allow(Access.EveryRole);
        api.MapPost("/surfaces/{name}/ties", TieAsync).Allow(Access.EveryRole);
    }

    private static async Task<IResult> TieAsync(string name, HttpContext context, SurfaceTies ties, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "from", "to", "last_write", "dry_run");
        var surface = ties.Find(name);
        var zone = surface.Org is { } org ? Inputs.Org(ledger, org).Zone : TimeZoneInfo.Utc;
        var query = Encoding.UTF8.GetString((await Inputs.BytesAsync(context, QueryBytesMax)).Span);
        if (query.Length > 0 && Caller.Of(context).Role == AdminRole.Viewer)
        {
            throw new ApiRefusedException(ApiError.Forbidden, "A viewer can use only the query in the configuration.");
        }

        return Answer.Ok(await ties.TieAsync(surface, query.Length == 0 ? null : query, Time("from"), Time("to"), Time("last_write"),
            TieEndpoints.KeepsFinding(context), context.RequestAborted), TieJson.Default.TieBody);

        Instant? Time(string parameter) => Inputs.Query(context, parameter) is { } text ? Inputs.Time(text, zone) : null;
    }

    private static SurfaceBody Body(SurfaceOptions surface, SurfaceStanding? standing) => new(
        surface.Name, surface.Source.Kind, surface.Org, surface.Key, surface.Amount, surface.Unit,
        surface.Source is SurfaceSource.Http http ? http.Url.GetLeftPart(UriPartial.Path) : null, surface.Every is { } every ? (long)every.TotalSeconds : null,
        standing?.At.ToString(), standing?.Tie?.DriftPct, standing?.Tie?.Severity, standing?.Tie?.Differing, standing?.Failure,
        standing?.DriftingSince?.ToString());
}
