using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Lists;

/// <summary>Reads a page of usage and its corrections, as of one commit: hour by hour, each row by its number.</summary>
/// <param name="labels">The labels of an attribution number.</param>
internal sealed class UsagePageReading(ILedgerTables ledger, UsagePageQuery query, Func<int, UsageLabels> labels)
{
    /// <summary>Rows of one statement.</summary>
    private const int RowsAtOnce = 500;

    private readonly UsageFilter _filter = query.Filter;
    private readonly bool _oldestFirst = query.OldestFirst;

    public IReadOnlyList<UsageEntry> Page()
    {
        var page = new List<UsageEntry>(Math.Min(query.Rows, RowsAtOnce));
        foreach (var hour in new UsageScan(ledger, query, labels).Hours())
        {
            foreach (var entry in Merged(Usage(hour), Corrections(hour)))
            {
                page.Add(entry);
                if (page.Count == query.Rows) return page;
            }
        }

        return page;
    }

    private IEnumerable<UsageEntry> Usage(UsageHour hour)
    {
        var after = Place(hour)?.Usage;
        foreach (var numbers in InOrder(hour.Usage.Where(seq => IsAfter(seq, after))).Chunk(Math.Min(RowsAtOnce, query.Rows)))
        {
            var rows = RowsOf(numbers);
            foreach (var number in numbers)
            {
                var row = rows[number];
                if (_filter.Contains(row.EffectiveAt) && _filter.Matches(row)) yield return new(row);
            }
        }
    }

    private IEnumerable<UsageEntry> Corrections(UsageHour hour)
    {
        var after = Place(hour)?.Posting;
        foreach (var postings in InOrder(hour.Corrections.Where(posting => IsAfter(posting.Seq, after) && _filter.Contains(posting.EffectiveAt)))
            .Chunk(Math.Min(RowsAtOnce, query.Rows)))
        {
            var rows = RowsOf([.. postings.Select(posting => posting.UsageSeq).Distinct()]);
            foreach (var posting in postings)
            {
                if (rows.TryGetValue(posting.UsageSeq, out var row) && _filter.Matches(row)) yield return new(row, posting);
            }
        }
    }

    /// <summary>Both in the order of their recording. Of one moment, usage is older than corrections.</summary>
    private IEnumerable<UsageEntry> Merged(IEnumerable<UsageEntry> usage, IEnumerable<UsageEntry> corrections)
    {
        using var correction = corrections.GetEnumerator();
        var isLeft = correction.MoveNext();
        foreach (var row in usage)
        {
            while (isLeft && IsBefore(correction.Current, row))
            {
                yield return correction.Current;
                isLeft = correction.MoveNext();
            }

            yield return row;
        }

        while (isLeft)
        {
            yield return correction.Current;
            isLeft = correction.MoveNext();
        }
    }

    private bool IsBefore(UsageEntry correction, UsageEntry usage) =>
        _oldestFirst ? correction.RecordedAt < usage.RecordedAt : correction.RecordedAt >= usage.RecordedAt;

    private UsagePlace? Place(UsageHour hour) => query.After is { } place && place.Hour == hour.Hour ? place : null;

    private bool IsAfter(long seq, long? place) => place is not { } last || (_oldestFirst ? seq > last : seq < last);

    private IEnumerable<T> InOrder<T>(IEnumerable<T> lowestFirst) => _oldestFirst ? lowestFirst : lowestFirst.Reverse();

    private Dictionary<long, UsageRow> RowsOf(long[] numbers)
    {
        var rows = new Dictionary<long, UsageRow>(numbers.Length);
        using var read = ledger.Select($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.seq IN ({string.Join(',', numbers)})");
        while (read.Step())
        {
            var row = RowReads.Usage(read, labels);
            rows[row.Seq] = row;
        }

        return rows;
    }
}
