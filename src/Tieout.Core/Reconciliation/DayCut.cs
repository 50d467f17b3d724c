using Tieout.Core.Tenancy;

namespace Tieout.Core.Reconciliation;

/// <summary>A range of time cut into days by the clock of a zone, and into slots of one length none of which crosses a day's edge.</summary>
/// <remarks>
/// A store sums by slot, which is a division; the slots of a day are then added up. Where the zone's clock does not jump in the range,
/// a slot is a day; where it does, it is the longest length that divides every day (an hour, in most zones).
/// </remarks>
public sealed class DayCut
{
    private readonly long[] _starts;
    private readonly DateOnly _first;

    private DayCut(Instant from, Instant to, long slot, long[] starts, DateOnly first) =>
        (From, To, SlotMicros, _starts, _first) = (from, to, slot, starts, first);

    public Instant From { get; }
    public Instant To { get; }

    /// <summary>Length of a slot, in microseconds.</summary>
    public long SlotMicros { get; }

    /// <param name="to">Not included.</param>
    public static DayCut Of(Instant from, Instant to, TimeZoneInfo zone)
    {
        var first = LocalTime.DayOf(from, zone);
        var starts = new List<long> { from.UnixMicros };
        for (var day = first.AddDays(1); ; day = day.AddDays(1))
        {
            var start = LocalTime.StartOf(day, zone);
            if (start >= to) break;
            starts.Add(start.UnixMicros);
        }

        var slot = starts.Aggregate(0L, (common, start) => Common(common, start - from.UnixMicros));
        return new(from, to, slot == 0 ? Math.Max(1, to.UnixMicros - from.UnixMicros) : slot, [.. starts], first);
    }

    /// <summary>The day that a slot lies in.</summary>
    public DateOnly DayOf(long slot)
    {
        var at = From.UnixMicros + slot * SlotMicros;
        var place = Array.BinarySearch(_starts, at);
        if (place < 0) place = ~place - 1;

        // A day that the zone's clock skipped begins when the next one does: it has no time of its own.
        while (place + 1 < _starts.Length && _starts[place + 1] == at) place++;
        return _first.AddDays(place);
    }

    private static long Common(long a, long b)
    {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }
}
