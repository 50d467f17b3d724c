using System.Collections.Immutable;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>Looks at single usage records of a few hours: whether they were recorded twice under two ids, and how late they arrived.</summary>
/// <remarks>
/// An hour's line has neither. Rows have both: when their usage was made and when it was recorded, and the row index finds those of an hour and labels. So a
/// sample of the labels that rose is read, of a few compared hours and of the same hours of the baseline: as many rows however many there are. What is sent
/// again under the same id is refused when it arrives and costs nothing, so it makes no cost rise.
/// </remarks>
internal sealed class SpikeArrival(ILedgerReader read, SpikeRequest request)
{
    private const int OrgsMax = 3, HoursMax = 3, WeekHours = 168, DayHours = 24;

    /// <summary>Rows of an org and hour: labels are taken until they have so many, and no more than the second number are read.</summary>
    private const int RowsEnough = 1_000, RowsMax = 5_000;

    public async Task<ArrivalSigns> OfAsync(CostChange change, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var (sample, seen) = (new ArrivalSample(), new HashSet<string>(StringComparer.Ordinal));
        var rises = change.Leaves.GroupBy(leaf => NameOf(leaf.Leaf.Values), StringComparer.Ordinal)
            .ToDictionary(leaves => leaves.Key, leaves => leaves.Sum(leaf => (double)leaf.Leaf.Change), StringComparer.Ordinal);
        try
        {
            foreach (var org in Risen(change))
            {
                foreach (var hour in Hours(timing))
                {
                    var labels = await LabelsAsync(rises, org, hour, cancellationToken);
                    seen.UnionWith(labels.Select(each => NameOf(SpikeLines.ValuesOf(each))));
                    await AddAsync(sample, true, org, hour, labels, cancellationToken);
                    await AddAsync(sample, false, org, Earlier(hour), labels, cancellationToken);
                }
            }
        }
        catch (RowsArchivedException)
        {
            // Rows that an archive has cannot say how they arrived; sums of their hours still say what they cost.
            return default;
        }

        var sampled = change.Leaves.Where(leaf => seen.Contains(NameOf(leaf.Leaf.Values))).ToList();
        return sample.Signs(Sum(sampled, leaf => leaf.Expected.Cost), Sum(sampled, leaf => leaf.Actual.Cost), change.Actual - change.Expected);
    }

    private IEnumerable<OrgState> Risen(CostChange change)
    {
        var rises = change.Leaves.GroupBy(leaf => change.ValueOf(leaf.Leaf, "org") ?? "", StringComparer.Ordinal)
            .ToDictionary(org => org.Key, org => org.Sum(leaf => (double)leaf.Leaf.Change), StringComparer.Ordinal);
        return request.Orgs.Where(org => rises.GetValueOrDefault(org.Org.Id) > 0).OrderByDescending(org => rises[org.Org.Id]).Take(OrgsMax);
    }

    /// <summary>Evenly over the compared hours.</summary>
    private static IEnumerable<long> Hours(SpikeTiming timing)
    {
        var length = timing.To - timing.From;
        return Enumerable.Range(0, HoursMax).Select(i => timing.From + length * (2 * i + 1) / (2 * HoursMax)).Where(hour => hour < timing.To).Distinct();
    }

    /// <summary>The same hour of the week before, else of the last day of the baseline.</summary>
    private long Earlier(long hour)
    {
        var (first, end) = (SpikeRequest.HourOf(request.BaselineFrom), SpikeRequest.HourOf(request.From));
        if (hour - WeekHours >= first && hour - WeekHours < end) return hour - WeekHours;
        var days = (hour - end) / DayHours + 1;
        return Math.Max(first, hour - days * DayHours);
    }

    /// <summary>Labels of an hour, those that rose most first, until they have enough rows.</summary>
    private async Task<IReadOnlySet<UsageLabels>> LabelsAsync(
        Dictionary<string, double> rises, OrgState org, long hour, CancellationToken cancellationToken)
    {
        var start = SpikeRequest.StartOf(hour);
        var lines = await read.SumsAsync(new(org, start, start + TimeSpan.FromHours(1)), cancellationToken);
        var (labels, rows) = (new HashSet<UsageLabels>(), 0L);
        foreach (var line in lines.OrderByDescending(line => rises.GetValueOrDefault(NameOf(SpikeLines.ValuesOf(line.Labels)))))
        {
            if (rows >= RowsEnough) break;
            if (line.Sums.Attempts == 0) continue;
            labels.Add(line.Labels);
            rows += line.Sums.Attempts;
        }

        return labels;
    }

    private async Task AddAsync(
        ArrivalSample sample, bool isActual, OrgState org, long hour, IReadOnlySet<UsageLabels> labels, CancellationToken cancellationToken)
    {
        var start = SpikeRequest.StartOf(hour);
        var filter = new UsageFilter(org.Org.Id, start, start + TimeSpan.FromHours(1)) { Among = labels };
        var rows = await read.RangeAsync(
            new(org, filter), range => range.Rows.Where(row => row.Correction is null).Take(RowsMax).Select(row => row.Usage).ToList(), cancellationToken);
        foreach (var row in rows)
        {
            var usage = row.Usage;
            sample.Add(isActual, new(
                usage.Labels, usage.EndUser, usage.OccurredAt.UnixMicros, usage.Counts.InputTokens, usage.Counts.OutputTokens, row.Charge.Nanos,
                row.RecordedAt - usage.OccurredAt));
        }
    }

    private static string NameOf(ImmutableArray<string?> values) => string.Join('\u001f', values);

    private static Int128 Sum(List<LeafChange> leaves, Func<CostLeaf, Int128> of)
    {
        Int128 sum = 0;
        foreach (var leaf in leaves) sum += of(leaf.Leaf);
        return sum;
    }
}
