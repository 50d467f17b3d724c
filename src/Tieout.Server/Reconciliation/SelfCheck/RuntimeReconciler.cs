using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Runtime;
using Tieout.Server.Pricing;
using Tieout.Server.Runtime;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>Where charges of instances are less than their activity, or more: the findings, and putting them right.</summary>
internal sealed class RuntimeReconciler(ILedger ledger, CurrentPrices prices, Grid grid)
{
    /// <summary>How long after an interval is due its usage may still be on its way to the book; and how long the meter may take to make good what came
    /// late.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(string Org, string Id), Instant> _heardOf = [];

    /// <summary>The first second that is not due.</summary>
    public long DueAt(Instant now) => RuntimeMeter.DueAt(now, grid);

    /// <summary>Every registered instance with all that is known to have happened to it.</summary>
    public async Task<IReadOnlyList<ActivityLog>> LogsAsync(CancellationToken cancellationToken)
    {
        var logs = new Dictionary<(string Org, string Id), ActivityLog>();
        foreach (var org in ledger.Read.Orgs.Select(org => org.Org.Id))
        {
            foreach (var kept in await RuntimeObjects.NewerAsync(ledger.Read, org, ObjectKind.Runtime, 0, cancellationToken))
            {
                logs[(org, kept.Object.Id)] = new(RuntimeObjects.Instance(RuntimeObjects.Body(kept.Object)));
            }

            foreach (var kept in await RuntimeObjects.NewerAsync(ledger.Read, org, ObjectKind.RuntimeEvent, 0, cancellationToken))
            {
                var (runtime, happened) = RuntimeObjects.Event(kept.Object);
                if (!logs.TryGetValue((org, runtime), out var log) || !log.Add(happened)) continue;
                if (!_heardOf.TryGetValue((org, runtime), out var last) || kept.Row.RecordedAt > last) _heardOf[(org, runtime)] = kept.Row.RecordedAt;
            }
        }

        return [.. logs.Values];
    }

    /// <param name="uneven">As a run over the rows found them.</param>
    public async Task<List<Finding>> FindingsAsync(Instances instances, IReadOnlyList<UnevenDay> uneven, Instant now, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var of in uneven.GroupBy(one => (one.Day.Org, one.Day.Instance, one.Day.Day)))
        {
            if (instances.Find(of.Key.Org, of.Key.Instance) is not { } log) continue;
            var day = await RuntimeDay.ReadAsync(ledger, prices, grid, log, of.Key.Day, DueAt(now - Patience), cancellationToken);
            findings.AddRange(of.Where(one => one.IsShort).Select(one => day.Missing(one.Day)).OfType<Finding>());

            // What came a moment ago is the meter's to make good.
            if (of.All(one => one.IsShort) || (_heardOf.TryGetValue((of.Key.Org, of.Key.Instance), out var heard) && heard > now - Patience)) continue;
            day = await RuntimeDay.ReadAsync(ledger, prices, grid, log, of.Key.Day, DueAt(now), cancellationToken);
            if (await day.SurplusAsync(ledger.Read, of.Key.Day, cancellationToken) is { } surplus) findings.Add(surplus);
        }

        return findings;
    }

    /// <param name="submit">Submits the one command of the repair.</param>
    /// <returns>False: no price is known for what it should cost.</returns>
    /// <exception cref="ArgumentException">It is repaired otherwise.</exception>
    public async Task<bool> CorrectAsync(Finding finding, Instant now, Func<Command, Task<Outcome>> submit, CancellationToken cancellationToken)
    {
        var (name, day) = finding.Repair switch
        {
            Repair.Meter meter => (meter.Runtime, meter.Day),
            Repair.MeterAnew anew => (anew.Runtime, anew.Day),
            _ => throw new ArgumentException($"{finding.Repair} is no repair by metering.", nameof(finding)),
        };
        var log = (await LogsAsync(cancellationToken)).First(log => log.Instance.Org == finding.Scope.Org && log.Instance.Id == name);
        var read = await RuntimeDay.ReadAsync(ledger, prices, grid, log, day, DueAt(now), cancellationToken);
        return await read.CorrectAsync(ledger, day, finding.Repair is Repair.MeterAnew, finding.Id, submit, cancellationToken);
    }
}
