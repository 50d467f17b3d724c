using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it can also spend money, because the ledger can be written.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", GetHealth).Allow(Access.Anonymous);
        routes.MapGet("/readyz", GetReadiness).Allow(Access.Anonymous);
    }

    private static JsonHttpResult<HealthBody> GetHealth(ILedger ledger, SettlementSpool spool, CurrentRoutes routes) => Answer(ledger.Health, spool, routes, StatusCodes.Status200OK);

    private static JsonHttpResult<HealthBody> GetReadiness(ILedger ledger, SettlementSpool spool, CurrentRoutes routes)
    {
        var health = ledger.Health;
        return Answer(health, spool, routes, health.IsWritable ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static JsonHttpResult<HealthBody> Answer(LedgerHealth health, SettlementSpool spool, CurrentRoutes routes, int status) => TypedResults.Json(
        new HealthBody(
            health.IsWritable ? "ok" : "store_unavailable", health.IsWritable, health.Reason, health.QueueDepth, spool.Count, spool.Dropped, health.LastCommitMs, health.Commit,
            health.LastWriteAt?.ToString(), new(routes.State.Version, routes.State.LoadedAt.ToString(), routes.State.Error),
            [.. routes.Get().Health.Select(row => new UpstreamHealthBody(row.Provider, row.Model, row.Breaker.State, row.Breaker.LastError?.What, row.Breaker.LastError?.At.ToString()))]),
        HealthJson.Default.HealthBody, statusCode: status);
}

/// <param name="QueueDepth">Commands that wait for a commit.</param>
/// <param name="SpoolDepth">Finished spend that waits for the store to come back.</param>
/// <param name="DroppedRecords">Finished spend that was given up. Always 0.</param>
/// <param name="StoreLatencyMs">How long the last commit took, in milliseconds.</param>
/// <param name="Commit">Number of the last durable commit.</param>
internal sealed record HealthBody(
    string Status, bool StoreWritable, string? Reason, int QueueDepth, int SpoolDepth, long DroppedRecords, decimal StoreLatencyMs, long Commit, string? LastCommitAt,
    ConfigurationHealthBody Configuration, IReadOnlyList<UpstreamHealthBody> Upstreams);

/// <param name="Version">1 for the one the server started with.</param>
/// <param name="Error">Why the file as it stands now is not in force; null: it is.</param>
internal sealed record ConfigurationHealthBody(int Version, string LoadedAt, string? Error);

/// <param name="Model">As the provider names it; <c>*</c>: all of them.</param>
/// <param name="Breaker"><c>closed</c>, <c>open</c> or <c>half_open</c>.</param>
/// <param name="LastError"><c>unreachable</c>, <c>no_answer</c>, or a status; also one long past. Null: none since the start.</param>
internal sealed record UpstreamHealthBody(string Provider, string Model, string Breaker, string? LastError, string? LastErrorAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthBody))]
internal sealed partial class HealthJson : JsonSerializerContext;
