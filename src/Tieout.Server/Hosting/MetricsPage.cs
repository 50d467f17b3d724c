using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Governor;
using Tieout.Server.Heads;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary><c>/metrics</c> in Prometheus' text form: how this server is doing, and nothing of any org. Read when asked, never counted beside the ledger
/// (Q1).</summary>
internal sealed class MetricsPage(
    ILedger ledger, SettlementSpool spool, CurrentRoutes routes, ConnectionTable connections, Occupancy occupancy, ReadLane reads, RefusedLog refused,
    GuessTable guesses, HeadWriter heads, TimeProvider time)
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public async Task AnswerAsync(HttpContext context)
    {
        var health = ledger.Health;
        var text = new StringBuilder();
        Gauge("ledger_writable", "Whether new spend can be made durable now.", health.IsWritable ? 1 : 0);
        Gauge("ledger_read_only", "Whether nothing can be written until the store is repaired.", health.IsReadOnly ? 1 : 0);
        Gauge("ledger_stalled_seconds", "How long a writer with something to do has not moved.", Math.Round((decimal)health.Stalled.TotalSeconds, 1));
        Gauge("ledger_quarantined", "Commands that a fault of the ledger stopped.", health.Quarantined);
        Gauge("ledger_queue_depth", "Commands that wait for a commit.", health.QueueDepth);
        Gauge("ledger_last_commit_milliseconds", "How long the last commit took.", health.LastCommitMs);
        Counter("ledger_commits_total", "Durable commits since the ledger was created.", health.Commit);
        if (health.LastWriteAt is { } last) Gauge("ledger_last_write_age_seconds", "How long ago the last commit was.", Age(time, last.UnixMicros));
        Gauge("ledger_open_holds", "Attempts in flight that money is set aside for.", ledger.Read.OpenHolds(org: null).Count);
        Gauge("ledger_orgs", "Orgs with an account.", ledger.Read.Orgs.Count);
        var counted = ledger.Follower.Standing;
        Gauge("ledger_drift", "Cells, daily counters and balances that do not say what their rows come to. Anything but 0 is a defect.", counted.Drifts.Count);
        Gauge("ledger_rows_to_count", "Committed rows that reports read one by one because they are not counted yet.", counted.RowsBehind);
        Counter("ledger_figures_compared_total", "Figures that were compared with what their rows come to, since the start.", counted.Compared);
        Gauge("spool_depth", "Finished spend that waits for the store to come back.", spool.Count);
        Counter("spool_dropped_records_total", "Finished spend that was given up. Always 0.", spool.Dropped);
        Gauge("configuration_version", "1 for the configuration that the server started with.", routes.State.Version);
        Gauge("configuration_in_force", "Whether the current configuration file is in force.", routes.State.Error is null ? 1 : 0);
        Head("requests_refused_total", "Requests that were refused with 401, 402, 403, 404 or 429 since the start.", "counter");
        foreach (var (status, code, count) in refused.Counts) Line($"requests_refused_total{{status=\"{status}\",code=\"{code}\"}}", count);
        Counter("wrong_credentials_total", "Unknown credentials since the start.", guesses.Wrong);
        Counter("credentials_not_looked_up_total",
            "Credentials that were refused without a look-up since the start, because too many wrong ones with their beginning came from their address.",
            guesses.Unseen);
        if (heads.IsOn) Gauge("heads_written", "Whether the newest signed head reached its place outside the store.", heads.Failure is null ? 1 : 0);
        Head("upstream_closed", "Whether an upstream is in use; 0: it has failed too often and is left alone.", "gauge");
        foreach (var row in routes.Get().Health)
        {
            Line($"upstream_closed{{provider=\"{Escaped(row.Provider)}\",model=\"{Escaped(row.Model)}\"}}", row.Breaker.State == "closed" ? 1 : 0);
        }

        if (await DeliveriesAsync(ledger, context.RequestAborted) is { } deliveries)
        {
            Gauge("webhooks_waiting", "Messages that wait for their endpoint.", deliveries.Waiting);
            Gauge("webhooks_dead", "Deliveries that were given up.", deliveries.Dead);
            if (deliveries.OldestWaiting is { } oldest)
            {
                Gauge("webhooks_oldest_age_seconds", "How long the oldest of them waits.", Age(time, oldest.UnixMicros));
            }
        }

        GovernorMetrics.Write(text, connections, occupancy, reads);
        await Results.Text(text.ToString(), ContentType).ExecuteAsync(context);
        return;

        void Gauge(string name, string help, decimal value) => One(name, help, "gauge", value);
        void Counter(string name, string help, decimal value) => One(name, help, "counter", value);
        void One(string name, string help, string type, decimal value)
        {
            Head(name, help, type);
            Line(name, value);
        }

        void Head(string name, string help, string type) =>
            text.Append(CultureInfo.InvariantCulture, $"# HELP tieout_{name} {help}\n# TYPE tieout_{name} {type}\n");
        void Line(string name, decimal value) => text.Append(CultureInfo.InvariantCulture, $"tieout_{name} {value}\n");
    }

    private static decimal Age(TimeProvider time, long unixMicros) =>
        Math.Max(0, Math.Round((decimal)(time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddMicroseconds(unixMicros)).TotalSeconds, 3));

    /// <summary>Metrics are asked for when the store is down, too.</summary>
    private static async Task<DeliveriesHealth?> DeliveriesAsync(ILedger ledger, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.Deliveries.HealthAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    private static string Escaped(string label) =>
        label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
