using Microsoft.Extensions.Logging;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>Has committed rows counted beside the writer, and keeps what the store's own figures say otherwise as findings: each opens within seconds, and ends
/// when its figure is right again.</summary>
internal sealed partial class FollowerWorker(
    ILedger ledger, ReconciliationRun reconciling, TimeProvider time, OutageLog outages, ILogger<FollowerWorker> logger)
    : LeaderWorker(ledger, TimeSpan.FromMilliseconds(500), time, outages)
{
    private readonly Dictionary<string, Finding> _open = new(StringComparer.Ordinal);
    private string? _damage;

    protected override ILogger Logger => logger;

    protected override string Work => "counting rows";

    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        try
        {
            await FollowerTurns.CatchUpAsync(Ledger, progress => KeepAsync(progress.Drifts, stoppingToken), Time, stoppingToken);
        }
        catch (Exception damaged) when (damaged is StoreCorruptException or RowsArchivedException)
        {
            // Reports look at the rows after the follower's position, so they stay right where those can be read.
            if (_damage != damaged.Message) LogDamaged(damaged.Message);
            _damage = damaged.Message;
        }
    }

    protected override void Forget() => _open.Clear();

    private async Task KeepAsync(IReadOnlyList<Finding> drifts, CancellationToken cancellationToken)
    {
        if (drifts.Count == 0 && _open.Count == 0) return;
        var found = drifts.DistinctBy(drift => drift.Id).ToDictionary(drift => drift.Id, StringComparer.Ordinal);
        foreach (var drift in found.Values.Where(drift => !_open.TryGetValue(drift.Id, out var known) || known.Difference != drift.Difference))
        {
            await reconciling.KeepAsync(drift.Scope.Org, drift.Id, drift, cancellationToken);
            if (_open.TryAdd(drift.Id, drift)) LogDrift(drift.Code.Name, drift.Scope.Org, drift.Id, drift.Cause);
            _open[drift.Id] = drift;
        }

        foreach (var gone in _open.Values.Where(drift => !found.ContainsKey(drift.Id)).ToList())
        {
            await reconciling.KeepAsync(gone.Scope.Org, gone.Id, found: null, cancellationToken);
            _open.Remove(gone.Id);
        }
    }

    [LoggerMessage(EventId = LogEvents.FigureDrift, Level = LogLevel.Error,
        Message = "{Code} of org {Org}: {Cause}. Finding {Finding} says how to repair it.")]
    private partial void LogDrift(string code, string org, string finding, string cause);

    [LoggerMessage(EventId = LogEvents.FollowerStopped, Level = LogLevel.Error,
        Message = "Rows cannot be counted, so reports grow slower: {Reason} Run tieout verify.")]
    private partial void LogDamaged(string reason);
}
