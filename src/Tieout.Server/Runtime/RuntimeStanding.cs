using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Runtime;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>One instance's activity and charges side by side, each from its own source: the events, and the usage records that stand.</summary>
internal static class RuntimeStanding
{
    /// <param name="from">Null: from its first event.</param>
    public static async Task<RuntimeBody> OfAsync(
        ILedgerReader read, OrgState org, NewRuntimeBody body, Instant? from, Instant to, Instant now, Grid grid, CancellationToken cancellationToken)
    {
        var asOf = read.AsOf;
        var runtime = RuntimeObjects.Instance(body);
        var log = new ActivityLog(runtime);
        foreach (var kept in await RuntimeObjects.NewerAsync(read, body.Org, ObjectKind.RuntimeEvent, 0, cancellationToken))
        {
            var (of, happened) = RuntimeObjects.Event(kept.Object);
            if (of == body.Id) log.Add(happened);
        }

        var first = grid.Start((from ?? (log.Events.Count > 0 ? log.Events[0].At : now)).UnixMicros / Instant.MicrosPerSecond);
        var due = Math.Max(first, Math.Min(grid.Start(to.UnixMicros / Instant.MicrosPerSecond), RuntimeMeter.DueAt(now, grid)));
        var lines = new SortedDictionary<(int Component, string Mode), RuntimeLineBody>();
        foreach (var stretch in log.Between(first, due)) Add(stretch, active: stretch.Seconds * stretch.Replicas, billed: 0, units: 0, Amount.Zero);
        foreach (var row in await StandingAsync(read, runtime, first, due, cancellationToken))
        {
            var stretch = row.Stretch;
            Add(stretch, active: 0, stretch.Seconds * stretch.Replicas, runtime.Components[stretch.Component].UnitsIn(stretch.Seconds, stretch.Replicas),
                row.Charge);
        }

        var isActive = log.Between(Math.Max(0, due - 1), due).Any();
        var since = isActive ? log.Events.LastOrDefault(happened => happened.Kind is ActivityKind.Start && happened.Second < due)?.At.ToString() : null;
        return new(
            body, since, log.SilentSince(due) is { } silent ? RuntimeRecords.At(silent).ToString() : null, log.Events.Count,
            RuntimeRecords.At(first).ToString(), RuntimeRecords.At(due).ToString(), [.. lines.Values],
            lines.Values.Sum(line => Math.Abs(line.ActiveSeconds - line.BilledSeconds)), org.Org.TimeZone, asOf);

        void Add(Stretch stretch, long active, long billed, long units, Amount charge)
        {
            var component = runtime.Components[stretch.Component];
            var key = (stretch.Component, stretch.Mode ?? "");
            var line = lines.GetValueOrDefault(key)
                ?? new(component.Name, component.IsControlPlane, component.Model, stretch.Mode, 0, 0, component.Unit.Name, 0, Amount.Zero);
            lines[key] = line with
            {
                ActiveSeconds = line.ActiveSeconds + active,
                BilledSeconds = line.BilledSeconds + billed,
                Units = line.Units + units,
                Charge = line.Charge + charge,
            };
        }
    }

    private static async Task<List<Billed>> StandingAsync(
        IAttemptsReader read, RuntimeInstance runtime, long from, long to, CancellationToken cancellationToken)
    {
        var rows = new List<Billed>();
        for (var day = from - (from % RuntimeRecords.DaySeconds); day < to; day += RuntimeRecords.DaySeconds)
        {
            rows.AddRange((await RuntimeRecords.OfDayAsync(read, runtime, day, cancellationToken)).Where(
                row => !row.IsNothing && !row.IsTakenBack && row.Stretch.From >= from && row.Stretch.From < to));
        }

        return rows;
    }
}
