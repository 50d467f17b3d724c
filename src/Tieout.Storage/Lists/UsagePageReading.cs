using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Lists;

/// <summary>Reads a page of usage and its corrections, as of one commit: hour by hour, each row by its number.</summary>
/// <param name="labels">The labels of an attribution number.</param>
internal sealed class UsagePageReading(Followed followed, UsagePageQuery query, Func<int, UsageLabels> labels)
{
    /// <summary>Rows of one statement.</summary>
    private const int RowsAtOnce = 2_000;

    private readonly UsageFilter _filter = query.Filter;

    public IReadOnlyList<UsageEntry> Page()
    {
        var page = new List<UsageEntry>(Math.Min(query.Rows, RowsAtOnce));
        page.AddRange(All().Take(query.Rows));
        return page;
    }

    /// <summary>Every row after the page before, read as it is enumerated.</summary>
    public IEnumerable<UsageEntry> All() => new UsageHours(followed, query, labels).All(Math.Min(RowsAtOnce, query.Rows)).SelectMany(Of);

    private IEnumerable<UsageEntry> Of(IReadOnlyList<UsageHour> hours)
    {
        if (hours is [var only]) return Merged(Usage(only), Corrections(only));
        var usage = ByHour(Usage(hours.SelectMany(hour => hour.Usage).ToList(), hours.Min(hour => hour.Hour)));
        var corrections = ByHour(Corrections(hours.SelectMany(hour => hour.Corrections).ToList()));
        return hours.SelectMany(hour => Merged(usage.GetValueOrDefault(hour.Hour) ?? [], corrections.GetValueOrDefault(hour.Hour) ?? []));
    }

    /// <summary>The rows of each hour, in the order in which they come.</summary>
    private static Dictionary<long, List<UsageEntry>> ByHour(IEnumerable<UsageEntry> entries)
    {
        var (hours, rows, last) = (new Dictionary<long, List<UsageEntry>>(), new List<UsageEntry>(), long.MinValue);
        foreach (var entry in entries)
        {
            var hour = UsagePlace.HourOf(entry.EffectiveAt);
            if (hour != last && !hours.TryGetValue(hour, out rows!)) hours[hour] = rows = [];
            last = hour;
            rows.Add(entry);
        }

        return hours;
    }

    private IEnumerable<UsageEntry> Usage(UsageHour hour) =>
        hour.Usage.Chunk(Math.Min(RowsAtOnce, query.Rows)).SelectMany(numbers => Usage(numbers, hour.Hour));

    private IEnumerable<UsageEntry> Corrections(UsageHour hour) => hour.Corrections.Chunk(Math.Min(RowsAtOnce, query.Rows)).SelectMany(Corrections);

    private IEnumerable<UsageEntry> Usage(IReadOnlyCollection<long> numbers, long firstHour)
    {
        if (numbers.Count == 0) yield break;

        // No row is recorded before the hour in which it counts.
        foreach (var row in UsageOf(numbers, firstHour * Instant.MicrosPerHour))
        {
            if (_filter.Contains(row.EffectiveAt) && _filter.Matches(row)) yield return new(row);
        }
    }

    private IEnumerable<UsageEntry> Corrections(IReadOnlyCollection<long> numbers)
    {
        if (numbers.Count == 0) yield break;
        var postings = PostingsOf(numbers);
        var rows = UsageOf(postings.Select(row => row.Posting.UsageSeq).Distinct(), recordedFrom: 0).ToDictionary(row => row.Seq);
        foreach (var correction in postings)
        {
            if (!_filter.Contains(correction.Posting.EffectiveAt)) continue;
            if (rows.TryGetValue(correction.Posting.UsageSeq, out var row) && _filter.Matches(row)) yield return new(row, correction);
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
        query.OldestFirst ? correction.RecordedAt < usage.RecordedAt : correction.RecordedAt >= usage.RecordedAt;

    /// <summary>In the order of the list.</summary>
    /// <param name="numbers">Each once.</param>
    private List<UsageRow> UsageOf(IEnumerable<long> numbers, long recordedFrom)
    {
        long[] asked = [.. numbers];
        if (asked.Length == 0) return [];
        Array.Sort(asked);
        var found = new List<UsageRow>(asked.Length);
        followed.Ledger.Usage(RowReads.UsageColumns, asked, recordedFrom, query.OldestFirst, row =>
        {
            if (asked.AsSpan().BinarySearch(row.Int64(0)) >= 0) found.Add(RowReads.Usage(row, labels));
        });
        if (followed.Detached is { } detached) Missing(detached, asked.Where(detached.HasUsage), found.Select(row => row.Seq));
        return found;
    }

    /// <inheritdoc cref="UsageOf"/>
    private List<PostingRow> PostingsOf(IReadOnlyCollection<long> numbers)
    {
        using var rows = followed.Ledger.Select(
            $"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.seq IN ({string.Join(',', numbers)}) ORDER BY p.seq {Order}");
        var found = new List<PostingRow>();
        while (rows.Step()) found.Add(RowReads.Posting(rows, _ => _filter.Org));
        if (followed.Detached is { } detached) Missing(detached, numbers.Where(detached.HasPosting), found.Select(row => row.Posting.Seq));
        return found;
    }

    /// <summary>Never shows less than there is.</summary>
    private static void Missing(Detachment detached, IEnumerable<long> asked, IEnumerable<long> found)
    {
        if (asked.Except(found).Any()) throw RowsArchivedException.OfRange(detached);
    }

    private string Order => query.OldestFirst ? "" : "DESC";
}
