using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger.Recounts;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Lists;

/// <summary>The hours in which the follower counted usage of a filter, or corrections of it, found in its lines: other hours are not looked at.</summary>
/// <remarks>Lines lie in the order of their traits, so hours of rare traits are found at once. Of a filter by labels, the lines of days say which days have
/// any, and only the hours of those are read.</remarks>
/// <param name="matches">Whether labels of a number match.</param>
internal sealed class CountedHours(ILedgerTables derived, UsagePageQuery query, Func<int, bool> matches)
{
    /// <summary>Hours or days that are read at once: few at first, since most pages end in the first ones.</summary>
    private const int AtFirst = 4;

    private const int AtMost = 512;

    /// <summary>A day begins at most so long before an hour of it, also where clocks change.</summary>
    private static readonly TimeSpan DayMax = TimeSpan.FromHours(26);

    /// <summary>Usage of the filter is known already, so only hours with corrections are looked for.</summary>
    public bool OfCorrections { get; init; }

    /// <summary>As numbers, those that match. Null: the filter names none, or they need not be looked at.</summary>
    public IReadOnlyList<long>? Traits { get; } = !query.Filter.NamesTraits ? null :
    [
        .. TraitReads.Of(derived, query.Org, RecountSpan.Hour).Where(traits => query.Filter.Matches(UsageTraits.OfNumber(traits))),
    ];

    /// <summary>In the order of the list, each with its labels that match, and how many rows it has: of usage or of postings, whichever are more.</summary>
    /// <param name="from">The start of an hour.</param>
    /// <param name="to">Not included.</param>
    public IEnumerable<(Instant Start, IReadOnlyList<int> Labels, long Rows)> Between(Instant from, Instant to)
    {
        if (IsOfTraits || OfCorrections || !query.Filter.NamesLabels) return Spans(RecountSpan.Hour, from, to);
        return OfDays(from, to);
    }

    private bool IsOfTraits => Traits is not null && !OfCorrections;

    private IEnumerable<(Instant Start, IReadOnlyList<int> Labels, long Rows)> OfDays(Instant from, Instant to)
    {
        foreach (var (start, _, _) in Spans(RecountSpan.Day, from < Instant.UnixEpoch + DayMax ? Instant.UnixEpoch : from - DayMax, to))
        {
            // An hour of UTC may be of two days: it is read with the first of them.
            var day = Window.Of(WindowUnit.Day, start, query.Org.Zone);
            var (first, end) = (Later(Recount.HourOf(day.Start), from), Earlier(day.End, to));
            if (first >= end) continue;
            foreach (var hour in Spans(RecountSpan.Hour, first, end)) yield return hour;
            if (query.OldestFirst) from = Later(from, Recount.HourOf(new(end.UnixMicros + Instant.MicrosPerHour - 1)));
            else to = Earlier(to, first);
        }
    }

    private IEnumerable<(Instant Start, IReadOnlyList<int> Labels, long Rows)> Spans(RecountSpan span, Instant from, Instant to)
    {
        for (var count = AtFirst; ; count = Math.Min(2 * count, AtMost))
        {
            var starts = Starts(span, from, to, count);
            foreach (var one in LabelsOf(span, starts)) yield return one;
            if (starts.Count < count) yield break;
            if (query.OldestFirst) from = new(starts[^1].UnixMicros + 1);
            else to = starts[^1];
        }
    }

    /// <summary>The next stretches that have lines.</summary>
    private List<Instant> Starts(RecountSpan span, Instant from, Instant to, int count)
    {
        if (from >= to) return [];
        if (!IsOfTraits) return Starts($"recounts WHERE {OfOrg}{Corrected}", span, from, to, count);
        var starts = Traits!.SelectMany(traits => Starts($"recount_statuses WHERE {OfOrg} AND traits = {traits}", span, from, to, count)).Distinct();
        return [.. (query.OldestFirst ? starts.Order() : starts.OrderDescending()).Take(count)];
    }

    private List<Instant> Starts(string lines, RecountSpan span, Instant from, Instant to, int count)
    {
        var starts = new List<Instant>(count);
        using var rows = derived.Select(
            $"SELECT DISTINCT start_at FROM {lines} ORDER BY start_at {(query.OldestFirst ? "" : "DESC")} LIMIT {count}",
            query.Org.FirstAccount, (long)span, from.UnixMicros, to.UnixMicros);
        while (rows.Step()) starts.Add(RowReads.Time(rows, 0));
        return starts;
    }

    private IEnumerable<(Instant Start, IReadOnlyList<int> Labels, long Rows)> LabelsOf(RecountSpan span, List<Instant> starts)
    {
        if (starts.Count == 0) return [];
        var labels = new List<(Instant Start, int No, long Rows)>();
        var count = IsOfTraits ? "attempts" : "CASE WHEN posting_count > attempts THEN posting_count ELSE attempts END";
        var lines = IsOfTraits ? $"recount_statuses WHERE {OfOrg} AND traits IN ({string.Join(", ", Traits!)})" : $"recounts WHERE {OfOrg}{Corrected}";
        using var rows = derived.Select(
            $"SELECT start_at, attribution, sum({count}) FROM {lines} GROUP BY start_at, attribution ORDER BY start_at",
            query.Org.FirstAccount, (long)span, starts.Min().UnixMicros, starts.Max().UnixMicros + 1);
        while (rows.Step())
        {
            var no = RowReads.Int32(rows, 1);
            if (matches(no)) labels.Add((RowReads.Time(rows, 0), no, (long)rows.Int128(2)));
        }

        var all = labels.GroupBy(line => line.Start)
            .Select(one => (one.Key, (IReadOnlyList<int>)[.. one.Select(line => line.No)], one.Sum(line => line.Rows)));
        return query.OldestFirst ? all : all.Reverse();
    }

    private const string OfOrg = "org = ? AND span = ? AND attribution > 0 AND start_at >= ? AND start_at < ?";

    private string Corrected => OfCorrections ? " AND (posting_count <> attempts OR corrections <> 0)" : "";

    private static Instant Earlier(Instant one, Instant other) => one < other ? one : other;

    private static Instant Later(Instant one, Instant other) => one > other ? one : other;
}
