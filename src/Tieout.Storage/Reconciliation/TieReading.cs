using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation;

namespace Tieout.Storage.Reconciliation;

/// <summary>What of an org's usage is compared with another book.</summary>
/// <param name="To">Not included.</param>
/// <param name="DayZone">In which days are cut; null: the comparison is not by day.</param>
public sealed record TieRange(OrgState Org, Instant From, Instant To, TimeZoneInfo? DayZone)
{
    /// <summary>How finely lines have to be read: an org has lines of its own days, and of hours of UTC.</summary>
    public RecountSlot Slot => DayZone is null ? RecountSlot.Range : DayZone.Equals(Org.Zone) ? RecountSlot.Day : RecountSlot.Hour;
}

/// <summary>Our side of a comparison: totals from lines, which cost the same however many rows there are, and the parts of a difference from the rows of its
/// labels and days alone.</summary>
public static class TieReading
{
    /// <summary>What each set of labels comes to, in each day.</summary>
    public static async Task<IReadOnlyList<DayTally>> TieTotalsAsync(
        this IRecountReader read, TieRange range, TallyFigure figure, CancellationToken cancellationToken)
    {
        var lines = await read.SumsAsync(new(range.Org, range.From, range.To, range.Slot), cancellationToken);
        return
        [
            .. lines.Select(line => DayTally.Of(line, figure, range.DayZone)).OfType<DayTally>().GroupBy(sum => (sum.Day, sum.Labels))
                .Select(same => new DayTally(same.Key.Day, same.Key.Labels, same.Aggregate(default(Tally), (all, sum) => all + sum.Tally))),
        ];
    }

    /// <summary>The same row by row, with the parts that explain a difference.</summary>
    /// <param name="labels">Usage under others is not read.</param>
    public static Task<IReadOnlyList<DayTally>> TiePartsAsync(
        this IUsageReader read, TieRange range, IReadOnlySet<UsageLabels> labels, TallyTerms terms, CancellationToken cancellationToken)
    {
        var filter = new UsageFilter(range.Org.Org.Id, range.From, range.To) { Among = labels };
        return read.RangeAsync<IReadOnlyList<DayTally>>(new(range.Org, filter, range.Slot), usage =>
        {
            var sums = new TallySums(terms, range.DayZone);
            foreach (var line in usage.Lines) sums.AddBesideUsage(line);
            foreach (var row in usage.Rows) sums.Add(row);
            return [.. sums.Tallies];
        }, cancellationToken);
    }
}
