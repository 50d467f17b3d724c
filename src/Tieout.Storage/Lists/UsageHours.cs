using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Metering;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Lists;

/// <summary>Finds usage and corrections of an org hour by hour: in the follower's lines and index, and among the few rows after its position.</summary>
/// <remarks>Hours with few rows are read together: a store on another machine takes a round trip for each statement.</remarks>
internal sealed class UsageHours
{
    /// <summary>Rows of an id that are looked at by themselves. Where there are more, the hours of the org are read, which then have them often.</summary>
    private const int RowsOfIdMax = 10_000;

    private const int RowsAtOnce = 500;

    private readonly Followed _followed;
    private readonly UsagePageQuery _query;
    private readonly Func<int, UsageLabels> _labels;
    private readonly RowIndexReading _index;
    private readonly Dictionary<int, bool> _matches = [];

    // Rows that are not looked for hour by hour, lowest number first: those after the follower's position, and those of an id.
    private readonly Dictionary<long, List<long>> _usage = [];
    private readonly Dictionary<long, List<long>> _corrections = [];

    // Of the counted rows of an id. Their corrections have the same labels, and count in no earlier hour. Null: rows are looked for hour by hour.
    private readonly HashSet<int>? _labelsOfId;
    private readonly Instant _first;

    // Null: nothing is counted.
    private readonly CountedHours? _counted;

    /// <param name="labels">The labels of an attribution number.</param>
    public UsageHours(Followed followed, UsagePageQuery query, Func<int, UsageLabels> labels)
    {
        (_followed, _query, _labels, _index) = (followed, query, labels, new(followed));
        _first = Recount.HourOf(query.Filter.From);
        if (query.Filter.Id is { } id && RowsOf(id) is { } rows)
        {
            (_labelsOfId, var first) = AddRows(rows);
            if (first > _first) _first = first;
        }

        if (followed.Derived is { } derived)
        {
            _counted = new(derived, query, no => Matches(no) && _labelsOfId?.Contains(no) != false) { OfCorrections = _labelsOfId is not null };
        }

        var counted = followed.CountedOrBefore(query.Filter.From);
        FollowedRows.Usage(followed.Ledger, counted.Usage, long.MaxValue, usage =>
        {
            if (query.Filter.Matches(usage.Traits)) Add(_usage, usage.EffectiveAt, usage.Labels, usage.Seq);
        });
        FollowedRows.Postings(followed.Ledger, counted.Posting, long.MaxValue, posting =>
        {
            if (posting.CorrectsUsage && query.Filter.Matches(posting.Traits)) Add(_corrections, posting.EffectiveAt, posting.Labels, posting.Seq);
        });
    }

    /// <summary>The hour in which the page before ended and those after it, in the order of the list: an hour by itself, its numbers read as they are needed,
    /// or several hours with few rows, whose numbers one statement read.</summary>
    /// <param name="rows">The most rows of several hours.</param>
    public IEnumerable<IReadOnlyList<UsageHour>> All(int rows)
    {
        var (together, count) = (new List<LabelledHour>(), 0L);
        foreach (var hour in Listed())
        {
            if (together.Count > 0 && count + hour.Rows > rows)
            {
                yield return Of(together);
                (together, count) = ([], 0);
            }

            together.Add(hour);
            count += hour.Rows;
            if (count < rows) continue;
            yield return Of(together);
            (together, count) = ([], 0);
        }

        if (together.Count > 0) yield return Of(together);
    }

    /// <summary>The hours that the follower counted and those of the rows after its position.</summary>
    private IEnumerable<LabelledHour> Listed()
    {
        var others = _usage.Keys.Union(_corrections.Keys).Where(hour => _query.After is not { } place || !IsBefore(hour, place.Hour));
        var uncounted = new Queue<long>(InOrder(others));
        foreach (var (hour, labels, rows) in Counted())
        {
            while (uncounted.TryPeek(out var next) && IsBefore(next, hour)) yield return new(uncounted.Dequeue(), [], Uncounted(next));
            if (uncounted.TryPeek(out var same) && same == hour) uncounted.Dequeue();
            yield return new(hour, labels, rows + Uncounted(hour));
        }

        foreach (var hour in uncounted) yield return new(hour, [], Uncounted(hour));
    }

    private long Uncounted(long hour) => (_usage.GetValueOrDefault(hour)?.Count ?? 0) + (_corrections.GetValueOrDefault(hour)?.Count ?? 0);

    private List<UsageHour> Of(IReadOnlyList<LabelledHour> hours)
    {
        if (hours is [var only])
        {
            return [Of(only.Hour, (sign, after) => _index.Counted(StartOf(only.Hour), Signed(only.Labels, sign), _counted?.Traits, _query.OldestFirst, after))];
        }

        var lists = _index.Hours(
            hours.SelectMany(hour => Signed(hour.Labels, 1).Concat(Signed(hour.Labels, -1)).Select(no => (StartOf(hour.Hour), no))), _counted?.Traits);
        return [.. hours.Select(hour => Of(hour.Hour, (sign, after) => Sorted(lists, hour.Hour, sign, after)))];
    }

    private UsageHour Of(long hour, Func<int, long?, IEnumerable<long>> counted)
    {
        var place = _query.After is { } after && after.Hour == hour ? after : new(hour, null, null);
        return new(
            hour, Numbers(counted(1, place.Usage), place.Usage, _usage.GetValueOrDefault(hour) ?? []),
            Numbers(counted(-1, place.Posting), place.Posting, _corrections.GetValueOrDefault(hour) ?? []));
    }

    /// <summary>The labels under which an hour's rows are in the index.</summary>
    /// <param name="sign">1: usage; -1: corrections.</param>
    private int[] Signed(IReadOnlyList<int> labels, int sign) => sign > 0 && _labelsOfId is not null ? [] : [.. labels.Select(no => sign * no)];

    private List<long> Sorted(ILookup<(long Hour, int Sign), long> lists, long hour, int sign, long? after)
    {
        var numbers = lists[(hour, sign)].Where(seq => after is not { } last || (_query.OldestFirst ? seq > last : seq < last)).ToList();
        numbers.Sort();
        if (!_query.OldestFirst) numbers.Reverse();
        return numbers;
    }

    /// <summary>Numbers that are counted and those that are not yet, which are higher.</summary>
    private IEnumerable<long> Numbers(IEnumerable<long> counted, long? after, List<long> uncounted)
    {
        var others = uncounted.Where(seq => after is not { } last || (_query.OldestFirst ? seq > last : seq < last));
        return _query.OldestFirst ? counted.Concat(others) : others.Reverse().Concat(counted);
    }

    /// <summary>The hours in which the follower counted usage or corrections of the filter, with their labels.</summary>
    private IEnumerable<LabelledHour> Counted()
    {
        if (_counted is null) return [];
        var (first, last) = (_first, _query.Filter.To);
        if (_query.After is { } place)
        {
            if (_query.OldestFirst && StartOf(place.Hour) is var begin && begin > first) first = begin;
            if (!_query.OldestFirst && StartOf(place.Hour + 1) is var end && end < last) last = end;
        }

        return _counted.Between(first, last).Select(hour => new LabelledHour(UsagePlace.HourOf(hour.Start), hour.Labels, hour.Rows));
    }

    /// <summary>The counted rows that may have an id; null: they are not known, or too many.</summary>
    private IReadOnlyList<long>? RowsOf((UsageIdKind Kind, string Value) id)
    {
        var rows = _index.Candidates(_query.Org.FirstAccount, id, after: 0, RowsOfIdMax + 1).Rows;
        return rows?.Count <= RowsOfIdMax ? rows : null;
    }

    private (HashSet<int> Labels, Instant First) AddRows(IReadOnlyList<long> numbers)
    {
        var (labels, first) = (new HashSet<int>(), Instant.EndOfTime);
        foreach (var part in numbers.Chunk(RowsAtOnce))
        {
            using var rows = _followed.Ledger.Select(
                $"SELECT u.seq, u.attribution, u.effective_at FROM usage u WHERE u.seq IN ({string.Join(',', part)}) ORDER BY u.seq");
            var found = 0;
            while (rows.Step())
            {
                found++;
                var (no, at) = (RowReads.Int32(rows, 1), RowReads.Time(rows, 2));
                Add(_usage, at, no, rows.Int64(0));
                labels.Add(no);
                if (at < first) first = at;
            }

            if (_followed.Detached is { } detached && found < part.Length && _query.Filter.From <= detached.RecordedAt)
            {
                throw RowsArchivedException.OfRange(detached);
            }
        }

        return (labels, Recount.HourOf(first));
    }

    private void Add(Dictionary<long, List<long>> hours, Instant at, int labels, long seq)
    {
        if (labels == 0 || !_query.Filter.Contains(at) || !Matches(labels)) return;
        var hour = UsagePlace.HourOf(at);
        if (!hours.TryGetValue(hour, out var rows)) hours[hour] = rows = [];
        rows.Add(seq);
    }

    private bool Matches(int no)
    {
        if (!_matches.TryGetValue(no, out var matches)) _matches[no] = matches = _query.Filter.Matches(_labels(no));
        return matches;
    }

    private IEnumerable<long> InOrder(IEnumerable<long> hours) => _query.OldestFirst ? hours.Order() : hours.OrderDescending();

    private bool IsBefore(long hour, long other) => _query.OldestFirst ? hour < other : hour > other;

    private static Instant StartOf(long hour) => new(hour * Instant.MicrosPerHour);

    /// <param name="Labels">Under which the follower counted rows.</param>
    /// <param name="Rows">How many there are of usage or of postings, whichever are more.</param>
    private readonly record struct LabelledHour(long Hour, IReadOnlyList<int> Labels, long Rows);
}
