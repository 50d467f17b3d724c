using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Core.Runtime;
using Tieout.Core.Tenancy;
using Tieout.Server.Api;
using Tieout.Server.Ingest;
using Tieout.Server.Runtime;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Inside;

/// <summary>Activity that no usage record stands for: found stretch by stretch, priced and recorded as the meter would have.</summary>
internal sealed class RuntimeGaps(ILedger ledger, CurrentKeys keys)
{
    private static readonly Caller Self = new(Org: null, AdminRole.Admin, "reconciliation");

    private readonly Intake _intake = new(ledger, keys);

    /// <summary>Every registered instance with all that is known to have happened to it.</summary>
    public async Task<IReadOnlyList<ActivityLog>> LogsAsync(CancellationToken cancellationToken)
    {
        var logs = new Dictionary<(string Org, string Id), ActivityLog>();
        foreach (var org in ledger.Read.Orgs.Select(org => org.Org.Id))
        {
            foreach (var kept in await RuntimeObjects.NewerAsync(ledger.Read, org, ObjectKind.Runtime, 0, cancellationToken)) logs[(org, kept.Object.Id)] = new(RuntimeObjects.Instance(RuntimeObjects.Body(kept.Object)));
            foreach (var kept in await RuntimeObjects.NewerAsync(ledger.Read, org, ObjectKind.RuntimeEvent, 0, cancellationToken))
            {
                var (runtime, happened) = RuntimeObjects.Event(kept.Object);
                if (logs.TryGetValue((org, runtime), out var log)) log.Add(happened);
            }
        }

        return [.. logs.Values];
    }

    /// <summary>Null: looked at closely, nothing is missing (the meter was quicker).</summary>
    public async Task<Finding?> FindingAsync(Instances instances, ComponentDay day, long due, CancellationToken cancellationToken)
    {
        if (instances.Find(day.Org, day.Instance) is not { } log) return null;
        var missing = await MissingAsync(log, day, due, cancellationToken);
        if (missing.Count == 0) return null;
        var priced = missing.Select(one => new Unmetered(one.Stretch, _intake.Priced(RuntimeRecords.Item(log.Instance, one, 0), Self)?.Charge));
        return RuntimeRules.Missing(log.Instance, day, [.. priced]);
    }

    /// <summary>Records what is missing. Its ids follow from what it is, so doing it twice is doing it once.</summary>
    /// <returns>How many records were refused.</returns>
    public async Task<int> MeterAsync(ActivityLog log, ComponentDay day, long due, CancellationToken cancellationToken)
    {
        var missing = await MissingAsync(log, day, due, cancellationToken);
        var outcomes = await _intake.TakeAsync([.. missing.Select((one, index) => RuntimeRecords.Item(log.Instance, one, index))], Self, cancellationToken);
        return outcomes.Count(outcome => outcome.Status is not (ItemStatus.Accepted or ItemStatus.Replayed));
    }

    private async Task<List<Due>> MissingAsync(ActivityLog log, ComponentDay day, long due, CancellationToken cancellationToken)
    {
        var instance = log.Instance;
        var component = instance.Components[day.Component].Name;
        var (from, to) = (day.Day * ComponentDay.Seconds, Math.Min(due, (day.Day + 1) * ComponentDay.Seconds));
        var rows = (await ledger.Read.OperationAsync(instance.Org, RuntimeRecords.Operation(instance.Id, from), cancellationToken))
            .Select(attempt => attempt.Usage).OfType<UsageRow>().Where(row => row.Usage.Labels.Runtime?.Component == component).ToList();
        var newest = rows.GroupBy(row => Grid.Default.Start(Second(row))).ToDictionary(interval => interval.Key, interval => interval.Max(row => row.Usage.AttemptNo));
        var standing = rows.Where(row => row.Usage.AttemptNo == newest[Grid.Default.Start(Second(row))]).Select(row => (Second(row), row.Usage.DurationMs / 1_000L)).ToHashSet();
        return [.. Grid.Default.Cut(log.Between(from, to).Where(stretch => stretch.Component == day.Component))
            .Where(stretch => !standing.Contains((stretch.From, stretch.Seconds)))
            .Select(stretch => new Due(stretch, Math.Max(1, newest.GetValueOrDefault(Grid.Default.Start(stretch.From)))))];

        static long Second(UsageRow row) => row.Usage.OccurredAt.UnixMicros / Instant.MicrosPerSecond;
    }
}
