using Tieout.Core.Budgets;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>A range of time cut into the stretches that lines sum: whole days in the middle, whole hours at its ends, and what is left of hours, of which
/// single rows must be looked at. Half-open, in order; together they are the range.</summary>
public sealed record RangeCut(Window? Days, IReadOnlyList<Window> Hours, IReadOnlyList<Window> Rest)
{
    // No zone is further from UTC, so a day begins within this much of any instant's date, also at both ends of the calendar.
    private static readonly Instant LastDay = new(Instant.EndOfTime.UnixMicros - 72 * Instant.MicrosPerHour);

    /// <param name="from">From 1970 on: nothing counts at an earlier time.</param>
    /// <param name="to">Not included.</param>
    /// <param name="slot">What the report sums by. By hour, every stretch is an hour. By day, no hour crosses the edge of a day.</param>
    public static RangeCut Of(Instant from, Instant to, TimeZoneInfo zone, RecountSlot slot = RecountSlot.Range)
    {
        (from, to) = (from < Instant.UnixEpoch ? Instant.UnixEpoch : from, to > LastDay ? LastDay : to);
        List<Window> hours = [], rest = [];
        if (from >= to) return new(null, hours, rest);
        var days = slot == RecountSlot.Hour ? null : Whole(from, to, at => Window.Of(WindowUnit.Day, at, zone));
        if (days is null && slot == RecountSlot.Day && Window.Of(WindowUnit.Day, to, zone).Start is var edge && from < edge)
        {
            // Parts of two days. Where days begin within an hour of UTC, that hour's line is of neither.
            CutHours(from, edge, hours, rest);
            CutHours(edge, to, hours, rest);
        }
        else if (days is null) CutHours(from, to, hours, rest);
        else
        {
            CutHours(from, days.Start, hours, rest);
            CutHours(days.End, to, hours, rest);
        }

        return new(days, hours, rest);
    }

    private static void CutHours(Instant from, Instant to, List<Window> hours, List<Window> rest)
    {
        if (from >= to) return;
        if (Whole(from, to, HourOf) is not { } whole)
        {
            rest.Add(new(from, to));
            return;
        }

        if (from < whole.Start) rest.Add(new(from, whole.Start));
        hours.Add(whole);
        if (whole.End < to) rest.Add(new(whole.End, to));
    }

    /// <summary>The part of a range that whole periods fill; null: none fits in.</summary>
    private static Window? Whole(Instant from, Instant to, Func<Instant, Window> periodOf)
    {
        var (first, last) = (periodOf(from), periodOf(to));
        var start = first.Start == from ? from : first.End;
        return start < last.Start ? new(start, last.Start) : null;
    }

    private static Window HourOf(Instant at) => new(Recount.HourOf(at), new(Recount.HourOf(at).UnixMicros + Instant.MicrosPerHour));
}
