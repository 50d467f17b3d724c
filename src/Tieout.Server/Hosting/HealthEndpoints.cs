using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tieout.Server.Gateway;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it can also spend money, because the ledger can be written.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", GetHealth);
        routes.MapGet("/readyz", GetReadiness);
    }

    private static JsonHttpResult<HealthBody> GetHealth(ILedger ledger, SettlementSpool spool) => Answer(ledger.Health, spool, StatusCodes.Status200OK);

    private static JsonHttpResult<HealthBody> GetReadiness(ILedger ledger, SettlementSpool spool)
    {
        var health = ledger.Health;
        return Answer(health, spool, health.IsWritable ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static JsonHttpResult<HealthBody> Answer(LedgerHealth health, SettlementSpool spool, int status) => TypedResults.Json(
        new HealthBody(
            health.IsWritable ? "ok" : "store_unavailable", health.IsWritable, health.Reason, health.QueueDepth, spool.Count, spool.Dropped, health.LastCommitMs, health.Commit,
            health.LastWriteAt?.ToString()),
        HealthJson.Default.HealthBody, statusCode: status);
}

/// <param name="QueueDepth">Commands that wait for a commit.</param>
/// <param name="SpoolDepth">Finished spend that waits for the store to come back.</param>
/// <param name="DroppedRecords">Finished spend that was given up. Always 0.</param>
/// <param name="StoreLatencyMs">How long the last commit took, in milliseconds.</param>
/// <param name="Commit">Number of the last durable commit.</param>
internal sealed record HealthBody(
    string Status, bool StoreWritable, string? Reason, int QueueDepth, int SpoolDepth, long DroppedRecords, decimal StoreLatencyMs, long Commit, string? LastCommitAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthBody))]
internal sealed partial class HealthJson : JsonSerializerContext;
