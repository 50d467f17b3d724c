using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Heads;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>How this server is doing: one word for everybody, the detail for operators.</summary>
internal sealed class HealthReport(ILedger ledger, SettlementSpool spool, CurrentRoutes routes, HeadWriter heads)
{
    public bool IsReady => WordOf(ledger.Health) == HealthWordBody.Ok;

    /// <summary>One word, with no value of the configuration, the store or a provider.</summary>
    public HealthWordBody Word => new(WordOf(ledger.Health));

    public HealthBody Detail()
    {
        var health = ledger.Health;
        return new(
            WordOf(health), health.IsWritable, health.IsReadOnly, Math.Round((decimal)health.Stalled.TotalSeconds, 1), health.Quarantined, health.Reason,
            health.QueueDepth, spool.Count, spool.Dropped, ledger.Follower.Standing.Drifts.Count, ledger.Follower.Standing.RowsBehind,
            health.LastCommitMs,
            health.Commit, health.LastWriteAt?.ToString(), heads.Failure, new(routes.State.Version, routes.State.LoadedAt.ToString(), routes.State.Error),
            [.. routes.Get().Health.Select(
                row => new UpstreamHealthBody(row.Provider, row.Model, row.Breaker.State, row.Breaker.LastError?.What, row.Breaker.LastError?.At.ToString()))]);
    }

    private static string WordOf(LedgerHealth health) =>
        health.IsReadOnly ? HealthWordBody.ReadOnly
        : !health.IsWritable ? HealthWordBody.StoreUnavailable
        : HealthWordBody.Ok;
}

/// <param name="Status"><c>ok</c>; or <c>store_unavailable</c> or <c>read_only</c>: new spend is refused.</param>
internal sealed record HealthWordBody(string Status)
{
    public const string Ok = "ok";
    public const string StoreUnavailable = "store_unavailable";
    public const string ReadOnly = "read_only";
}

/// <param name="ReadOnly">Whether nothing can be written until the store is repaired; <paramref name="Reason"/> names what is wrong.</param>
/// <param name="StalledSeconds">How long a writer with something to do has not moved; 0: it moves.</param>
/// <param name="Quarantined">Commands that a fault of the ledger kept from being carried out.</param>
/// <param name="QueueDepth">Commands that wait for a commit.</param>
/// <param name="SpoolDepth">Finished spend that waits for the store to come back.</param>
/// <param name="DroppedRecords">Finished spend that was given up. Always 0.</param>
/// <param name="Drift">Cells, daily counters and balances that do not say what their rows come to. Anything but 0 is a defect: see <c>findings</c>.</param>
/// <param name="RowsToCount">Committed rows that reports read one by one because they are not counted yet.</param>
/// <param name="StoreLatencyMs">How long the last commit took, in milliseconds.</param>
/// <param name="Commit">Number of the last durable commit.</param>
/// <param name="HeadsError">Why no signed head can be written outside the store now; null: they are written, or none are configured.</param>
internal sealed record HealthBody(
    string Status, bool StoreWritable, bool ReadOnly, decimal StalledSeconds, int Quarantined, string? Reason, int QueueDepth, int SpoolDepth,
    long DroppedRecords, int Drift, long RowsToCount, decimal StoreLatencyMs, long Commit, string? LastCommitAt, string? HeadsError,
    ConfigurationHealthBody Configuration, IReadOnlyList<UpstreamHealthBody> Upstreams);

/// <param name="Version">1 for the one the server started with.</param>
/// <param name="Error">Why the file as it is now is not in force; null: it is in force.</param>
internal sealed record ConfigurationHealthBody(int Version, string LoadedAt, string? Error);

/// <param name="Model">As the provider names it; <c>*</c>: all of them.</param>
/// <param name="Breaker"><c>closed</c>, <c>open</c> or <c>half_open</c>.</param>
/// <param name="LastError"><c>unreachable</c>, <c>no_answer</c>, or a status; also one long past. Null: none since the start.</param>
internal sealed record UpstreamHealthBody(string Provider, string Model, string Breaker, string? LastError, string? LastErrorAt);
