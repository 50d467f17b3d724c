using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Tieout.Analysis.Change;

namespace Tieout.Analysis.Detection;

/// <summary>Adds up the cost of hours: of all lines, and of each value of each dimension.</summary>
/// <param name="dimensions">The names of the values of each line.</param>
/// <param name="first">The first hour.</param>
/// <param name="end">The end, excluded.</param>
/// <param name="clock">The hour on the clock of the zone and whether it is of a weekend.</param>
/// <param name="at">Where the values of the dimensions are in a line; default: in the order of the dimensions.</param>
public sealed class HourSeries(
    ImmutableArray<string> dimensions, long first, long end, Func<long, (int ClockHour, bool IsWeekend)> clock, ImmutableArray<int> at = default)
{
    /// <summary>Values of a dimension that have a series: those beyond are in the total alone.</summary>
    private const int ValuesMax = 2_000;

    private readonly Int128[] _total = new Int128[end - first];

    private readonly Dictionary<string, Int128[]>[] _byValue =
        [.. dimensions.Select(_ => new Dictionary<string, Int128[]>(StringComparer.Ordinal))];

    private readonly LabelSets _sets = new();

    /// <summary>The series that a set of labels counts in, by its number.</summary>
    private readonly List<Int128[][]> _ofSet = [];

    public void Add(HourLine line)
    {
        var hour = line.Hour - first;
        if (hour < 0 || hour >= _total.Length) return;
        _total[hour] += line.Cost;
        if (dimensions.IsEmpty) return;
        var no = _sets.Of(line.Values);
        if (no == _ofSet.Count) _ofSet.Add([.. SeriesOf(line.Values)]);
        foreach (var series in _ofSet[no]) series[hour] += line.Cost;
    }

    private IEnumerable<Int128[]> SeriesOf(ImmutableArray<string?> values)
    {
        for (var d = 0; d < dimensions.Length; d++)
        {
            if (values[at.IsDefault ? d : at[d]] is { } value && SeriesOf(d, value) is { } series) yield return series;
        }
    }

    /// <summary>Adds the hours of another series with the same dimensions and hours.</summary>
    public void Add(HourSeries other)
    {
        Sum(_total, other._total);
        for (var d = 0; d < dimensions.Length; d++)
        {
            foreach (var (value, costs) in other._byValue[d])
            {
                if (SeriesOf(d, value) is { } series) Sum(series, costs);
            }
        }
    }

    /// <summary>The cost of all lines by hour, in nano-units.</summary>
    public IReadOnlyList<(long Hour, Int128 Cost)> Costs() => [.. _total.Select((cost, i) => (first + i, cost))];

    public IReadOnlyList<HourPoint> Points() => [.. _total.Select((cost, i) => Point(i, (double)cost))];

    /// <summary>Labels whose cost rose by itself, although that of all may not have: what rises in one place and falls in another shows in no total.</summary>
    /// <param name="judgedFrom">Where the baseline ends.</param>
    /// <param name="materiality">Also the least part of the total that a label must cost.</param>
    /// <returns>By how much they rose, most first.</returns>
    public IReadOnlyList<Component> Components(long judgedFrom, Materiality materiality) => Components(judgedFrom, materiality, static (_, _) => false);

    /// <param name="isKnown">Whether a label rose before: a sustained rise that pauses looks like one that begins, and counts as well.</param>
    /// <inheritdoc cref="Components(long, Materiality)"/>
    public IReadOnlyList<Component> Components(long judgedFrom, Materiality materiality, Func<string, string, bool> isKnown)
    {
        var (found, all) = (new List<Component>(), Sum(_total, judgedFrom, end));
        for (var d = 0; d < dimensions.Length; d++)
        {
            foreach (var (value, series) in _byValue[d])
            {
                // Cheap ones cannot matter, and there are many.
                if ((double)Sum(series, judgedFrom, end) < (double)all * materiality.RatioMin / 4) continue;
                var timing = SpikeTimer.Judge([.. series.Select((cost, i) => Point(i, (double)cost))], judgedFrom, materiality);

                // One of many labels rises by chance now and then: a rise counts that would matter to the whole.
                var rise = timing.Actual - timing.Expected;
                var isRise = timing.Verdict is SpikeVerdict.Sustained || (timing.Verdict is SpikeVerdict.Rising && isKnown(dimensions[d], value));
                if (isRise && rise >= (double)Sum(_total, timing.From, timing.To) * materiality.RatioMin / 2)
                {
                    found.Add(new(dimensions[d], value, timing, Sum(series, timing.From, timing.To)));
                }
            }
        }

        return [.. found.OrderByDescending(component => component.Timing.Actual - component.Timing.Expected)
            .ThenBy(component => component.Dimension, StringComparer.Ordinal).ThenBy(component => component.Value, StringComparer.Ordinal)];
    }

    /// <summary>Null: the dimension has more values than have a series.</summary>
    private Int128[]? SeriesOf(int dimension, string value)
    {
        var known = _byValue[dimension];
        if (known.Count >= ValuesMax && !known.ContainsKey(value)) return null;
        ref var series = ref CollectionsMarshal.GetValueRefOrAddDefault(known, value, out _);
        return series ??= new Int128[_total.Length];
    }

    private static void Sum(Int128[] to, Int128[] costs)
    {
        for (var i = 0; i < to.Length; i++) to[i] += costs[i];
    }

    private Int128 Sum(Int128[] series, long from, long to)
    {
        Int128 sum = 0;
        foreach (var cost in series.AsSpan((int)(from - first), (int)(to - from))) sum += cost;
        return sum;
    }

    private HourPoint Point(int index, double cost)
    {
        var (hour, isWeekend) = clock(first + index);
        return new(first + index, hour, isWeekend, cost);
    }
}

/// <summary>A label whose cost rose.</summary>
/// <param name="Actual">What the compared hours cost, to the nano-unit.</param>
public sealed record Component(string Dimension, string Value, SpikeTiming Timing, Int128 Actual);
