using System.Collections.Immutable;
using Tieout.Analysis.Change;
using Tieout.Analysis.Where;

namespace Tieout.Analysis.Detection;

/// <summary>Adds up the hours of one segment: its cost, and its cost for each primary request, which busy hours do not move.</summary>
/// <param name="first">The first hour.</param>
/// <param name="end">The end, excluded.</param>
internal sealed class SegmentHours(Segment segment, ImmutableArray<string> dimensions, AttemptClasses classes, long first, long end)
{
    private readonly Int128[] _costs = new Int128[end - first];
    private readonly long[] _requests = new long[end - first];
    private readonly LabelSets _sets = new();
    private readonly List<bool> _isIn = [];

    public void Add(HourLine line)
    {
        var no = _sets.Of(line.Values);
        if (no == _isIn.Count) _isIn.Add(segment.Contains(dimensions, line.Values));
        if (!_isIn[no]) return;
        _costs[line.Hour - first] += line.Cost;
        if (classes.Of(line.Trigger) is AttemptClass.Primary) _requests[line.Hour - first] += line.Attempts;
    }

    public IReadOnlyList<HourPoint> Costs(Func<long, (int ClockHour, bool IsWeekend)> clock) => Points(clock, hour => (double)_costs[hour]);

    /// <summary>An hour without requests has the cost of the one before: it says nothing.</summary>
    public IReadOnlyList<HourPoint> CostsOfRequest(Func<long, (int ClockHour, bool IsWeekend)> clock)
    {
        var last = 0d;
        return Points(clock, hour => last = _requests[hour] > 0 ? (double)_costs[hour] / _requests[hour] : last);
    }

    private List<HourPoint> Points(Func<long, (int ClockHour, bool IsWeekend)> clock, Func<int, double> value)
    {
        var points = new List<HourPoint>(_costs.Length);
        for (var hour = 0; hour < _costs.Length; hour++)
        {
            var (clockHour, isWeekend) = clock(first + hour);
            points.Add(new(first + hour, clockHour, isWeekend, value(hour)));
        }

        return points;
    }
}
