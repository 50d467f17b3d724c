using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Reconciliation;

namespace Tieout.Server.Reconciliation;

/// <summary>Our side of a comparison: the totals of each row, and the parts of those rows that differ.</summary>
/// <param name="dayZone">In which days are cut where the comparison is by day: the org's, or UTC.</param>
/// <param name="isCompared">Whether usage under some labels is in the other book at all.</param>
internal sealed class LedgerReading(TieSpec spec, Window range, TimeZoneInfo dayZone, TallyFigure figure, Func<UsageLabels, bool> isCompared)
{
    /// <summary>From lines: the cost does not depend on the number of rows.</summary>
    public async Task<IReadOnlyList<DayTally>> TotalsAsync(OrgState org, IRecountReader read, CancellationToken cancellationToken) =>
        [.. (await read.TieTotalsAsync(In(org, range), figure, cancellationToken)).Where(sum => isCompared(sum.Labels))];

    /// <summary>The parts of some rows of the comparison, from the usage of their labels in the days from the first to the last of them.</summary>
    /// <param name="totals">As <see cref="TotalsAsync"/> read them.</param>
    /// <param name="terms">Of the same figure.</param>
    /// <returns>Usage under other keys may be read, too, and may be incomplete.</returns>
    public async Task<IReadOnlyList<DayTally>> PartsAsync(
        OrgState org, IReadOnlyList<DayTally> totals, IReadOnlySet<TieKey> keys, TallyTerms terms, IUsageReader read, CancellationToken cancellationToken)
    {
        var asked = totals.Where(sum => keys.Contains(TieKey.Of(spec, sum.Labels, sum.Day))).ToList();
        if (asked.Count == 0) return [];
        var labels = asked.Select(sum => sum.Labels).ToHashSet();
        return await read.TiePartsAsync(In(org, Of([.. asked.Select(sum => sum.Day)])), labels, terms, cancellationToken);
    }

    private TieRange In(OrgState org, Window of) => new(org, of.Start, of.End, spec.Has(TieField.Day) ? dayZone : null);

    /// <summary>The days from the first to the last, within the range that is compared.</summary>
    private Window Of(IReadOnlyList<DateOnly?> days)
    {
        if (days.Min() is not { } first || days.Max() is not { } last) return range;
        var (start, end) = (LocalTime.StartOf(first, dayZone), LocalTime.StartOf(last.AddDays(1), dayZone));
        return new(start < range.Start ? range.Start : start, range.End < end ? range.End : end);
    }
}
