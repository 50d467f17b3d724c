using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ledger;

/// <summary>One administrative action: who did what to what, and what came of it.</summary>
/// <param name="Actor">The token's id, never its secret.</param>
/// <param name="Role">What the token could do then; <c>none</c>: the log-in was refused.</param>
/// <param name="Address">The IP address of the connection.</param>
/// <param name="Action">The method and the address, without the names in it.</param>
/// <param name="Target">The address.</param>
/// <param name="Org">Null: the platform.</param>
/// <param name="Before">What the action replaced; null: nothing.</param>
/// <param name="After">What was asked for.</param>
/// <param name="Outcome">done, unchanged (a replay), proposed, requested (an action outside the ledger), or refused:reason.</param>
public sealed record AuditRecordBody(
    string Id, string At, string Actor, string Role, string? Address, string? Agent, string Action, string Target, string? Org, string CorrelationId,
    JsonElement? Before, JsonElement? After, string Outcome);

/// <param name="NextCursor">Where the next page begins; null: this is the last.</param>
public sealed record AuditPageBody(IReadOnlyList<AuditRecordBody> Items, string? NextCursor, long AsOf);

/// <summary>Lists administrative actions, newest first, page by page.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder api) => api.MapGet("/audit", ListAsync).Allow(Access.EveryRole);

    private static async Task<IResult> ListAsync(HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "org", "actor", "from", "to", "limit", "cursor");
        var (asOf, limit) = (ledger.Read.AsOf, Inputs.Limit(context));
        var query = new AuditQuery(
            Inputs.Query(context, "org"), Inputs.Query(context, "actor"), Time(context, "from"), Time(context, "to"), Inputs.Place(context), limit + 1);
        var page = await ledger.Read.AuditAsync(query, context.RequestAborted);
        var items = page.Take(limit).Select(Body).ToList();
        return Answer.Ok(new AuditPageBody(items, page.Count > limit ? page[limit - 1].Place.ToString() : null, asOf), LedgerJson.Default.AuditPageBody);
    }

    private static Instant? Time(HttpContext context, string name) => Inputs.Query(context, name) is { } text ? Inputs.Time(text, TimeZoneInfo.Utc) : null;

    private static AuditRecordBody Body(StoredAudit stored)
    {
        var row = stored.Row;
        return new(
            $"aud_{stored.Bucket}_{row.Seq}", row.RecordedAt.ToString(), row.Actor.Id, row.Actor.Role, row.Actor.Address, row.Actor.Agent, row.Action,
            row.Target,
            row.Org.Length == 0 ? null : row.Org, row.Actor.CorrelationId, Json(row.Before), Json(row.After), row.Outcome);
    }

    private static JsonElement? Json(string? text)
    {
        if (text is null) return null;
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
