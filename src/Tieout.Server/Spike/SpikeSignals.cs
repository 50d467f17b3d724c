using Tieout.Analysis.Detection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Signals;
using Tieout.Server.Jobs;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>A trait of requests or answers.</summary>
/// <param name="Before">Per cent of those of the baseline.</param>
/// <param name="After">Per cent of those of the compared hours.</param>
internal sealed record SignalChange(string Value, double Before, double After);

/// <summary>What requests and answers were like before and during the compared hours. Of calls through the gateway only.</summary>
internal sealed class SpikeSignals
{
    private readonly Dictionary<(string Signal, string Value), long> _before = [], _after = [];

    public static async Task<SpikeSignals> ReadAsync(IRecordsReader read, SpikeRequest request, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var signals = new SpikeSignals();
        var (from, to) = (SpikeRequest.StartOf(timing.From), SpikeRequest.StartOf(timing.To));
        foreach (var org in request.Orgs)
        {
            await AddAsync(signals._before, read, org.Org.Id, request.BaselineFrom, request.From, cancellationToken);
            await AddAsync(signals._after, read, org.Org.Id, from, to, cancellationToken);
        }

        return signals;
    }

    /// <summary>By the change, largest first. Empty: none were counted in one of the two times.</summary>
    public IReadOnlyList<SignalChange> Of(string signal)
    {
        var (before, after) = (Total(_before, signal), Total(_after, signal));
        if (before == 0 || after == 0) return [];
        return
        [
            .. _before.Keys.Union(_after.Keys).Where(key => key.Signal == signal)
                .Select(key => new SignalChange(key.Value, 100.0 * _before.GetValueOrDefault(key) / before, 100.0 * _after.GetValueOrDefault(key) / after))
                .OrderByDescending(change => Math.Abs(change.After - change.Before)).ThenBy(change => change.Value, StringComparer.Ordinal),
        ];
    }

    private static long Total(Dictionary<(string Signal, string Value), long> sums, string signal) =>
        sums.Where(sum => sum.Key.Signal == signal).Sum(sum => sum.Value);

    private static async Task AddAsync(
        Dictionary<(string Signal, string Value), long> sums, IRecordsReader read, string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        await foreach (var row in read.RecordsBetweenAsync(RecordKind.SignalHour, org, HourName.From(from), HourName.From(to), cancellationToken))
        {
            foreach (var count in SignalHour.Parse(row.Body).Counts)
            {
                var key = (count.Signal, count.Value);
                sums[key] = sums.GetValueOrDefault(key) + count.Count;
            }
        }
    }
}
