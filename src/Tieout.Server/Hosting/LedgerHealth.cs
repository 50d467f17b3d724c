using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Server.Gateway;
using Tieout.Server.Http;
using Tieout.Server.Outbox;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <param name="Status"><c>ok</c>, or <c>read_only</c>: new spend is refused, and <paramref name="Reason"/> says why.</param>
/// <param name="QueueDepth">Commands that wait for a commit.</param>
/// <param name="SpoolDepth">Finished spend that waits for the store to come back.</param>
/// <param name="DroppedRecords">Finished spend that was given up. Always 0.</param>
/// <param name="LastCommitMs">How long the last commit took, in milliseconds.</param>
/// <param name="WebhooksOldestSeconds">How long the message waits that has waited longest for its endpoint; null: none waits.</param>
/// <param name="WebhooksDead">Deliveries that were given up: see <c>outbox dead</c>.</param>
/// <param name="Quarantined">Commands in quarantine: see <c>quarantine list</c>.</param>
/// <param name="StalledSeconds">How long a writer with something to do has not moved; 0: it moves, or has nothing to do.</param>
/// <param name="Drift">Cells, daily counters and balances that do not say what their rows come to. Anything but 0 is a defect: see <c>findings</c>.</param>
/// <param name="RowsToCount">Committed rows that reports read one by one because they are not counted yet.</param>
public sealed record LedgerHealthBody(
    string Status, bool Writable, string? Reason, int QueueDepth, int SpoolDepth, long DroppedRecords, decimal LastCommitMs, string? LastWriteAt, int Orgs,
    int OpenHolds, long AsOf,
    long WebhooksWaiting, long? WebhooksOldestSeconds, long WebhooksDead, int Quarantined, long StalledSeconds, int Drift, long RowsToCount);

/// <summary>How the ledger is doing.</summary>
internal static class LedgerHealthEndpoint
{
    public static void MapLedgerHealth(this IEndpointRouteBuilder api)
    {
        api.MapGet("/health", AnswerAsync).Allow(Access.EveryRole);

        // What the operations address answers, for a token with a role.
        api.MapGet("/health/detail", (HttpContext context) => HealthEndpoints.Detail(context, isReadiness: false)).Allow(Access.EveryRole);
    }

    private static async Task<IResult> AnswerAsync(ILedger ledger, SettlementSpool spool, TimeProvider time, CancellationToken cancellationToken)
    {
        var health = ledger.Health;
        var deliveries = await DeliveriesAsync(ledger, cancellationToken);
        return Answer.Ok(
            new LedgerHealthBody(
                health.IsWritable ? "ok" : "read_only", health.IsWritable, health.Reason, health.QueueDepth, spool.Count, spool.Dropped,
                Math.Round(health.LastCommitMs, 3),
                health.LastWriteAt?.ToString(), ledger.Read.Orgs.Count, ledger.Read.OpenHolds(org: null).Count, health.Commit,
                deliveries.Waiting, OutboxEndpoints.Age(deliveries, time), deliveries.Dead, health.Quarantined, (long)health.Stalled.TotalSeconds,
                ledger.Follower.Standing.Drifts.Count, ledger.Follower.Standing.RowsBehind),
            HealthJson.Default.LedgerHealthBody);
    }

    /// <summary>Health is asked for when the store is down, too.</summary>
    private static async Task<DeliveriesHealth> DeliveriesAsync(ILedger ledger, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.Deliveries.HealthAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return new(0, null, 0);
        }
    }
}
