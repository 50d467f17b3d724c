using System.Collections.Immutable;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Runtime;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Ingest;
using Tieout.Server.Pricing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>Turns activity into usage records, interval by interval, and makes good what came late.</summary>
/// <remarks>
/// It remembers nothing that it could not read again: events are in the ledger, and what was billed is the ledger's usage. So it may die anywhere,
/// and whoever looks next does what is missing; ids that follow from instance, component and interval make what is there already a replay.
/// </remarks>
internal sealed class RuntimeMeter(ILedger ledger, CurrentPrices prices, RuntimeOptions options)
{
    /// <summary>How long after its end an interval is charged: what comes by then needs no correction.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private const int ItemsPerCall = 4_000;

    private static readonly Caller Self = new(Org: null, AdminRole.Admin, "runtime");

    private readonly Grid _grid = options.Grid;
    private readonly Intake _intake = new(ledger, prices);
    private readonly RuntimeSilence _silence = new(ledger, options.HeartbeatGrace);
    private readonly RuntimeRecharge _recharge = new(ledger, new(ledger, prices));
    private readonly Dictionary<(string Org, string Id), Followed> _followed = [];
    private readonly Dictionary<string, long> _lastEvent = new(StringComparer.Ordinal);

    /// <summary>The first second that is not due at a time.</summary>
    public static long DueAt(Instant now, Grid grid) => grid.Start((now - Grace).UnixMicros / Instant.MicrosPerSecond);

    /// <summary>Charges every interval that is over by <paramref name="now"/>.</summary>
    /// <returns>How many records were asked for and refused; they are tried again next time.</returns>
    /// <exception cref="StoreUnavailableException">Some of it may be done; the next call does the rest.</exception>
    public async Task<int> TickAsync(Instant now, CancellationToken cancellationToken)
    {
        await FollowAsync(cancellationToken);
        var due = DueAt(now, _grid);
        var (charges, anew) = (new List<(Followed Of, Due Due)>(), new List<Anew>());
        foreach (var one in _followed.Values)
        {
            await PlanAsync(one, due, charges, anew, cancellationToken);
            one.IsSure = false;
        }

        // What was charged before is put right, to the end, before anything new is charged: a newest record says that all before it is settled.
        var unsure = new HashSet<Followed>();
        var refused = 0;
        foreach (var (of, right, wrong) in anew)
        {
            if (await _recharge.DoAsync(
                of.Log.Instance, right, wrong.Select(row => row.Usage), "intervals were recorded anew, because activity came late", cancellationToken))
            {
                continue;
            }

            refused += right.Length;
            Leave(of, right[0].Stretch.From);
        }

        refused += await ChargeAsync(charges, Leave, cancellationToken);
        foreach (var one in _followed.Values)
        {
            if (!unsure.Contains(one)) (one.IsSure, one.BilledThrough, one.DirtyFrom) = (true, due, long.MaxValue);
        }

        await _silence.RetireAsync(_followed.Values.Where(one => one.IsSure).Select(one => (one.Log, one.HeardOf)), due, now, cancellationToken);
        foreach (var gone in _silence.Retired) _followed.Remove(gone);
        return refused;

        void Leave(Followed of, long from)
        {
            unsure.Add(of);
            of.DirtyFrom = Math.Min(of.DirtyFrom, from);
        }
    }

    private async Task<int> ChargeAsync(IEnumerable<(Followed Of, Due Due)> charges, Action<Followed, long> leave, CancellationToken cancellationToken)
    {
        var refused = 0;
        foreach (var part in charges.Chunk(ItemsPerCall))
        {
            var outcomes = await _intake.TakeAsync(
                [.. part.Select((charge, index) => RuntimeRecords.Item(charge.Of.Log.Instance, charge.Due, index))], Self, cancellationToken);
            for (var i = 0; i < part.Length; i++)
            {
                if (outcomes[i].Status is ItemStatus.Accepted or ItemStatus.Replayed) continue;
                refused++;
                leave(part[i].Of, part[i].Due.Stretch.From);
            }
        }

        return refused;
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await FollowInstancesAsync(cancellationToken);
        foreach (var org in _followed.Keys.Select(key => key.Org).Distinct().ToList())
        {
            // Nothing happens to an instance before it is registered, so what is older than all that are followed is of retired ones.
            if (!_lastEvent.TryGetValue(org, out var last)) last = _followed.Where(one => one.Key.Org == org).Min(one => one.Value.Registered) - 1;
            var events = await RuntimeObjects.NewerAsync(ledger.Read, org, ObjectKind.RuntimeEvent, last, cancellationToken);
            if (events.Count == 0) continue;
            var read = events.Select(kept => (Of: RuntimeObjects.Event(kept.Object), kept.Row.RecordedAt)).ToList();

            // An instance is recorded before anything happens to it, so it is there by now.
            if (read.Any(one => !_followed.ContainsKey((org, one.Of.Runtime)))) await FollowInstancesAsync(cancellationToken);
            foreach (var ((runtime, happened), recordedAt) in Enumerable.Reverse(read))
            {
                if (!_followed.TryGetValue((org, runtime), out var one) || !one.Log.Add(happened)) continue;
                (one.DirtyFrom, one.HeardOf) = (Math.Min(one.DirtyFrom, happened.Second), recordedAt);
            }

            _lastEvent[org] = events[0].Row.Seq;
        }
    }

    private async Task FollowInstancesAsync(CancellationToken cancellationToken)
    {
        for (var after = 0L; ;)
        {
            var page = await ledger.Read.PendingObjectsAsync(ObjectKind.Runtime, after, RuntimeObjects.PageLength, cancellationToken);
            foreach (var kept in page)
            {
                after = kept.Row.Seq;
                var key = (kept.Object.Org, kept.Object.Id);
                if (!_followed.ContainsKey(key)) _followed.Add(key, new(new(RuntimeObjects.Instance(RuntimeObjects.Body(kept.Object))), kept.Row.Seq));
            }

            if (page.Count < RuntimeObjects.PageLength) return;
        }
    }

    private async Task PlanAsync(Followed one, long due, List<(Followed, Due)> charges, List<Anew> anew, CancellationToken cancellationToken)
    {
        if (one.Log.Events.Count == 0) return;
        var first = _grid.Start(one.Log.Events[0].Second);
        var through = one.IsSure ? Math.Max(one.BilledThrough, first) : await BeginAsync(one, first, due, cancellationToken);
        var from = _grid.Start(Math.Min(through, one.DirtyFrom));
        for (long begin; from < due; from = begin + RuntimeRecords.DaySeconds)
        {
            begin = from - (from % RuntimeRecords.DaySeconds);
            var to = Math.Min(due, begin + RuntimeRecords.DaySeconds);
            IEnumerable<Billed> rows = one.IsSure && from >= one.BilledThrough
                ? [] : await RuntimeRecords.OfDayAsync(ledger.Read, one.Log.Instance, begin, cancellationToken);
            var plan = TrueUp.Of(rows.Where(row => row.Stretch.From >= from && row.Stretch.From < to), one.Log.Between(from, to), from, to, _grid);
            charges.AddRange(plan.Charges.Where(charge => charge.Revision == 1).Select(charge => (one, charge)));
            var right = plan.Charges.Where(charge => charge.Revision > 1).ToArray();
            if (right.Length > 0) anew.Add(new(one, right, plan.Reversals));
        }
    }

    /// <summary>Where to begin after a restart. Intervals are charged in order, so before the last record only what came late since can be missing.</summary>
    private async Task<long> BeginAsync(Followed one, long first, long due, CancellationToken cancellationToken)
    {
        long? settled = null;
        var day = due - (due % RuntimeRecords.DaySeconds);
        for (; day + RuntimeRecords.DaySeconds > first; day -= RuntimeRecords.DaySeconds)
        {
            if (settled is { } before && day + RuntimeRecords.DaySeconds <= before) break;
            if (settled is not null) continue;
            var newest = await NewestAsync(one.Log.Instance, day, cancellationToken);
            if (newest is { } at) settled = (at - options.Lateness).UnixMicros / Instant.MicrosPerSecond - RuntimeRecords.DaySeconds;
        }

        return Math.Max(first, day + RuntimeRecords.DaySeconds);
    }

    /// <summary>When the newest record of a day that counts at its own time was recorded.</summary>
    private async Task<Instant?> NewestAsync(RuntimeInstance instance, long day, CancellationToken cancellationToken)
    {
        Instant? newest = null;
        foreach (var attempt in await ledger.Read.OperationAsync(instance.Org, RuntimeRecords.Operation(instance.Id, day), cancellationToken))
        {
            if (attempt.Usage is not { } row || RuntimeRecords.Billed(instance, row) is null) continue;

            // Simulated or handed-in time may run behind the clock that records: the earlier of the two is safe.
            var at = row.RecordedAt < RuntimeRecords.At(day + RuntimeRecords.DaySeconds) ? row.RecordedAt : RuntimeRecords.At(day + RuntimeRecords.DaySeconds);
            newest = newest is { } known && known > at ? known : at;
        }

        return newest;
    }

    /// <summary>What of one day of an instance is charged anew.</summary>
    private sealed record Anew(Followed Of, Due[] Right, ImmutableArray<Billed> Wrong);

    /// <summary>One instance and how far it is charged.</summary>
    private sealed class Followed(ActivityLog log, long registered)
    {
        public ActivityLog Log => log;

        /// <summary>Its number among the ledger's objects.</summary>
        public long Registered => registered;

        /// <summary>Whether nothing of the intervals after <see cref="BilledThrough"/> is recorded.</summary>
        public bool IsSure { get; set; }

        public long BilledThrough { get; set; }

        /// <summary>When something was last recorded of it.</summary>
        public Instant HeardOf { get; set; } = Instant.UnixEpoch;

        /// <summary>Before that, nothing has changed since.</summary>
        public long DirtyFrom { get; set; } = long.MaxValue;
    }
}
