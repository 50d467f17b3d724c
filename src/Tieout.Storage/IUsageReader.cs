using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Storage;

/// <summary>Usage records: rows, and counts of them.</summary>
public interface IUsageReader
{
    /// <summary>Usage records in the order in which they were recorded, without what corrected them. Of those with an id that the filter names, no others are
    /// read.</summary>
    IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, CancellationToken cancellationToken);

    /// <summary>A page of usage and of the postings that correct it, by the hour in which they count and within it as they were recorded.</summary>
    Task<IReadOnlyList<UsageEntry>> PageAsync(UsagePageQuery query, CancellationToken cancellationToken);

    /// <summary>Reads all usage of a filter as of one commit. The row index finds its rows: those of other orgs, times and labels are not looked at.</summary>
    /// <param name="read">Called within the reading; called again, with a new reading, where a reading fails.</param>
    Task<T> RangeAsync<T>(UsageRangeQuery query, Func<UsageRange, T> read, CancellationToken cancellationToken);

    /// <summary>The hourly cells of an org, for charts and live views.</summary>
    Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken);
}

/// <summary>Usage of any time by an id.</summary>
public static class UsageByIds
{
    /// <summary>Usage under a correlation id, in the order in which it was recorded.</summary>
    public static Task<IReadOnlyList<UsageRow>> CorrelatedAsync(
        this IUsageReader read, string org, string correlationId, int limit, CancellationToken cancellationToken) =>
        ListAsync(read, OfAllTimes(org).Where(UsageColumn.Correlation, correlationId), limit, cancellationToken);

    /// <summary>Usage of an operation, in the order in which it was recorded.</summary>
    public static Task<IReadOnlyList<UsageRow>> OfOperationAsync(
        this IUsageReader read, string org, string operationId, CancellationToken cancellationToken) =>
        ListAsync(read, OfAllTimes(org).Where(UsageColumn.Operation, operationId), int.MaxValue, cancellationToken);

    private static UsageFilter OfAllTimes(string org) => new(org, Instant.UnixEpoch, new(long.MaxValue));

    private static async Task<IReadOnlyList<UsageRow>> ListAsync(IUsageReader read, UsageFilter filter, int limit, CancellationToken cancellationToken)
    {
        var rows = new List<UsageRow>();
        await foreach (var row in read.UsageAsync(filter, cancellationToken))
        {
            if (rows.Count == limit) break;
            rows.Add(row);
        }

        return rows;
    }
}

/// <summary>Which page of a list of usage.</summary>
/// <param name="After">Where the page before ended; null: the first page.</param>
/// <param name="Rows">The most that the page has; 1 or more.</param>
public sealed record UsagePageQuery(OrgState Org, UsageFilter Filter, bool OldestFirst, UsagePlace? After, int Rows);

/// <summary>What of an org's usage is read as one.</summary>
/// <param name="Slot">How finely the lines are cut.</param>
public sealed record UsageRangeQuery(OrgState Org, UsageFilter Filter, RecountSlot Slot = RecountSlot.Range);

/// <summary>An org's usage of a filter, as of one commit.</summary>
/// <param name="Lines">The lines of the labels and time of the filter, whatever else the filter asks for.</param>
/// <param name="Rows">Usage records and what corrected them, oldest hour first. Read as they are enumerated.</param>
public sealed record UsageRange(IReadOnlyList<LabelledLine> Lines, IEnumerable<UsageEntry> Rows);

/// <param name="Slot">When the slot begins that they count in.</param>
/// <param name="Absent">The ids that each of them lacks.</param>
/// <param name="Billable">Those that say that they were charged something.</param>
/// <param name="Charge">What they say they cost, without what was corrected since.</param>
/// <param name="Corrections">What postings moved that count in the slot and correct such usage: Σ re-entries − Σ reversals.</param>
/// <param name="LastAt">When the newest of them occurred; 1970: there are none, only corrections of such usage.</param>
public sealed record StatusCount(
    Instant Slot, UsageLabels Labels, UsageTraits Traits, AbsentIds Absent, long Attempts, long Billable, Amount Charge, Amount ProviderCost,
    Amount Corrections, Instant LastAt)
{
    /// <summary>The provider's; 0: it gave no answer.</summary>
    public int Status => Traits.Status;

    internal static StatusCount Of(StatusLine line, UsageLabels labels) =>
        new(line.Key.Of.Start, labels, line.Key.Traits, line.Key.Absent, line.Attempts, line.Billable, line.Charge, line.ProviderCost,
        line.Corrections, new(Math.Max(line.LastAt, 0)));
}

public sealed record CellLine(Instant Hour, UsageLabels Labels, CellChange Sums);
