using Tieout.Core;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;

namespace Tieout.Storage.Follower;

/// <summary>Numbers of usage rows as of the newest commit: from the follower's index up to its position, and from the few rows after it.</summary>
internal sealed class RowIndexReading(Followed followed)
{
    /// <summary>The rows that count in an hour under some labels, newest first.</summary>
    /// <param name="start">When the hour of UTC begins.</param>
    /// <param name="before">Only rows of lower numbers, for pages.</param>
    public IReadOnlyList<long> Hour(Instant start, IReadOnlyCollection<int> labels, long before, int limit)
    {
        if (labels.Count == 0 || limit == 0) return [];
        var (found, of) = (new List<long>(), labels.ToHashSet());
        FollowedRows.Usage(followed.Ledger, followed.CountedOrBefore(start).Usage, before - 1, usage =>
        {
            if (of.Contains(usage.Labels) && Recount.HourOf(usage.EffectiveAt) == start) found.Add(usage.Seq);
        });
        found.Reverse();
        foreach (var part in Parts(start, Of(labels, traits: null), HourRows.PartOf(before - 1)))
        {
            if (found.Count >= limit) break;
            found.AddRange(OfPart(start, Of(labels, traits: null), part).Where(seq => seq < before).OrderDescending());
        }

        return [.. found.Take(limit)];
    }

    /// <summary>The next rows to look at for an id, oldest first: those that may have it, up to the follower's position, and every row after it.</summary>
    /// <param name="org">Number of the org's first account.</param>
    /// <param name="after">Only rows of higher numbers.</param>
    /// <param name="limit">One or more.</param>
    public IdCandidates Candidates(int org, (UsageIdKind Kind, string Value) id, long after, int limit)
    {
        if (followed.Derived is not { } derived || after >= followed.Position.Usage) return new(Rows: null, after);
        var rows = new IdReading(derived, IdEntry.KeyOf(org, id.Kind, id.Value)).After(after, limit);
        return new(rows, rows.Count == limit ? rows[^1] : followed.Position.Usage);
    }

    /// <summary>The rows of an hour that the index has, in the order of their numbers, read part by part.</summary>
    /// <param name="labels">As in <see cref="HourRowsKey.Labels"/>: below zero for corrections.</param>
    /// <param name="after">Only rows that come after this number in the order; null: all.</param>
    /// <param name="traits">The traits that the rows may have, or the rows that they correct; null: any.</param>
    public IEnumerable<long> Counted(Instant start, IReadOnlyCollection<int> labels, IReadOnlyList<long>? traits, bool oldestFirst, long? after)
    {
        if (labels.Count == 0 || traits is { Count: 0 }) yield break;
        var of = Of(labels, traits);
        var edge = after is { } place ? HourRows.PartOf(place) : null as long?;
        var parts = Parts(start, of, oldestFirst ? long.MaxValue : edge ?? long.MaxValue);
        if (oldestFirst) parts.Reverse();
        foreach (var part in parts.Where(part => !oldestFirst || edge is null || part >= edge))
        {
            var numbers = OfPart(start, of, part).Where(seq => after is not { } last || (oldestFirst ? seq > last : seq < last));
            foreach (var seq in oldestFirst ? numbers.Order() : numbers.OrderDescending()) yield return seq;
        }
    }

    /// <summary>The rows of hours that have few, read by one statement, in no order.</summary>
    /// <param name="lists">Hours with labels as in <see cref="HourRowsKey.Labels"/>.</param>
    /// <param name="traits">The traits that the rows may have, or the rows that they correct; null: any.</param>
    /// <returns>Row numbers by the hour (since 1970) and the sign of the labels.</returns>
    public ILookup<(long Hour, int Sign), long> Hours(IEnumerable<(Instant Start, int Labels)> lists, IReadOnlyList<long>? traits)
    {
        var (asked, found) = (lists.Select(list => $"({list.Start.UnixMicros},{list.Labels})").ToList(), new List<(HourRowsKey Key, long[] Numbers)>());
        if (followed.Derived is { } derived && asked.Count > 0 && traits is not { Count: 0 })
        {
            // CROSS JOIN: the embedded store then takes the lists one by one and finds each by its key, where it would else scan the table.
            using var rows = derived.Select($"""
                SELECT {IndexReads.HourColumns} FROM (VALUES {string.Join(',', asked)}) v CROSS JOIN usage_hours h
                WHERE h.start_at = v.column1 AND h.attribution = v.column2{(traits is null ? "" : $" AND h.traits IN ({string.Join(", ", traits)})")}
                """);
            while (rows.Step()) found.Add(IndexReads.Hour(rows));
        }

        return found.SelectMany(list => list.Numbers.Select(seq => (list.Key, seq)))
            .ToLookup(row => (row.Key.Start.UnixMicros / Instant.MicrosPerHour, Math.Sign(row.Key.Labels)), row => row.seq);
    }

    /// <summary>The parts that have such rows, the newest first.</summary>
    private List<long> Parts(Instant start, string of, long last)
    {
        var parts = new List<long>();
        if (followed.Derived is null) return parts;
        using var rows = followed.Derived.Select(
            $"SELECT DISTINCT part FROM usage_hours WHERE start_at = ? AND {of} AND part <= ? ORDER BY part DESC",
            start.UnixMicros, last);
        while (rows.Step()) parts.Add(rows.Int64(0));
        return parts;
    }

    private List<long> OfPart(Instant start, string of, long part)
    {
        var numbers = new List<long>();
        using var rows = followed.Derived!.Select(
            $"SELECT {IndexReads.HourColumns} FROM usage_hours WHERE start_at = ? AND {of} AND part = ?", start.UnixMicros, part);
        while (rows.Step()) numbers.AddRange(IndexReads.Hour(rows).Numbers);
        return numbers;
    }

    private static string Of(IReadOnlyCollection<int> labels, IReadOnlyList<long>? traits) => $"attribution IN ({string.Join(", ", labels)})"
        + (traits is null ? "" : $" AND traits IN ({string.Join(", ", traits)})");
}
