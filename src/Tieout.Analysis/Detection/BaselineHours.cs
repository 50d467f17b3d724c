namespace Tieout.Analysis.Detection;

/// <summary>How much each hour of a baseline counts for what some later hours should have been.</summary>
/// <remarks>Each later hour is compared with the mean of the baseline's hours with the same hour on the clock, of weekends with weekends, without those that
/// were out of the ordinary themselves. So a busy Monday morning is not a rise, and a spike of last week hides none of this.</remarks>
public static class BaselineHours
{
    /// <summary>Deviations from which an hour of the baseline is left out.</summary>
    private const double Ordinary = 4;

    /// <returns>By hour; only those that count. The weights add up to the number of <paramref name="later"/> hours.</returns>
    public static IReadOnlyDictionary<long, double> Weights(HourProfile profile, IReadOnlyList<HourPoint> baseline, IReadOnlyList<HourPoint> later)
    {
        var weights = new SortedDictionary<long, double>();
        var ordinary = baseline.Where(point => profile.Score(point) < Ordinary).ToList();
        foreach (var alike in later.GroupBy(point => (point.ClockHour, point.IsWeekend)))
        {
            var (clock, isWeekend) = alike.Key;
            var of = First(
                ordinary.Where(point => point.ClockHour == clock && point.IsWeekend == isWeekend),
                ordinary.Where(point => point.ClockHour == clock),
                baseline.Where(point => point.ClockHour == clock));
            foreach (var point in of) weights[point.Hour] = weights.GetValueOrDefault(point.Hour) + (double)alike.Count() / of.Count;
        }

        return weights;
    }

    private static List<HourPoint> First(params ReadOnlySpan<IEnumerable<HourPoint>> choices)
    {
        foreach (var choice in choices)
        {
            if (choice.ToList() is { Count: > 0 } some) return some;
        }

        return [];
    }
}
