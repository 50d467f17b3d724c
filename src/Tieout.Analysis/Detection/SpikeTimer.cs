namespace Tieout.Analysis.Detection;

/// <summary>What counts as a spike.</summary>
/// <param name="RatioMin">Above the expected cost by this part of it at least.</param>
/// <param name="PerHourMin">And by so much an hour.</param>
public readonly record struct Materiality(double RatioMin, double PerHourMin)
{
    public bool IsMet(double expected, double actual, int hours) =>
        actual > expected * (1 + RatioMin) && (actual - expected) / Math.Max(1, hours) >= PerHourMin;
}

/// <summary>Judges the hours after a baseline: whether their cost rose, when, and whether the calendar or steady growth explains it.</summary>
public static class SpikeTimer
{
    private const int HoursOfWeek = 168;

    /// <summary>A baseline that grows by less a day does not explain a rise.</summary>
    private const double GrowthMin = 0.015;

    /// <summary>Of the days of the baseline, so many must be above the day before for its growth to be steady.</summary>
    private const double SteadyMin = 0.7;

    private const int DayHours = 24;

    /// <param name="points">Whole hours in order of time, none missing: one without cost is 0.</param>
    /// <param name="judgedFrom">Where the baseline ends.</param>
    public static SpikeTiming Judge(IReadOnlyList<HourPoint> points, long judgedFrom, Materiality materiality)
    {
        var baseline = points.Where(point => point.Hour < judgedFrom).ToList();
        var judged = points.Where(point => point.Hour >= judgedFrom).ToList();
        var end = judged.Count > 0 ? judged[^1].Hour + 1 : judgedFrom;
        if (HourProfile.Of(baseline) is not { } profile || judged.Count == 0)
        {
            var cost = judged.Sum(point => point.Value);
            return new(SpikeVerdict.InsufficientBaseline, BenignReason.None, judgedFrom, end, 0, new Dictionary<long, double>(), 0, cost);
        }

        var shift = ShiftDetector.Judge(profile, judged);
        var (from, to) = (shift.Onset ?? judgedFrom, shift.End ?? end);
        var compared = judged.Where(point => point.Hour >= from && point.Hour < to).ToList();
        var weights = BaselineHours.Weights(profile, baseline, compared);
        var (expected, actual) = (baseline.Sum(point => point.Value * weights.GetValueOrDefault(point.Hour)), compared.Sum(point => point.Value));
        var timing = new SpikeTiming(SpikeVerdict.None, BenignReason.None, from, to, shift.HoursAbove, weights, expected, actual);
        if (shift.State is ShiftState.None || !materiality.IsMet(expected, actual, compared.Count)) return timing;
        var benign = IsCalendar(points, compared, materiality) ? BenignReason.Calendar
            : IsGrowth(profile, baseline, compared, materiality) ? BenignReason.Growth : BenignReason.None;
        return timing with { Verdict = benign is BenignReason.None ? VerdictOf(shift.State) : SpikeVerdict.Benign, Benign = benign };
    }

    /// <summary>Whether the same hours of the week before cost as much.</summary>
    private static bool IsCalendar(IReadOnlyList<HourPoint> points, List<HourPoint> compared, Materiality materiality)
    {
        var known = points.ToDictionary(point => point.Hour, point => point.Value);
        var before = 0d;
        foreach (var point in compared)
        {
            if (!known.TryGetValue(point.Hour - HoursOfWeek, out var value)) return false;
            before += value;
        }

        return compared.Count >= 3 && !materiality.IsMet(before, compared.Sum(point => point.Value), compared.Count);
    }

    /// <summary>Whether the baseline grew day by day, and the hours cost what that growth comes to.</summary>
    private static bool IsGrowth(HourProfile profile, List<HourPoint> baseline, List<HourPoint> compared, Materiality materiality)
    {
        var end = baseline[^1].Hour + 1;
        var days = baseline.GroupBy(point => (end - 1 - point.Hour) / DayHours).Where(day => day.Count() == DayHours)
            .OrderByDescending(day => day.Key).Select(day => Numbers.Median([.. day.Select(profile.Residual)])).ToList();
        if (days.Count < HourProfile.DaysMin) return false;
        var steps = days.Zip(days.Skip(1), (one, next) => next - one).ToList();
        var slope = Slope(days);
        if (slope < GrowthMin || steps.Count(step => step > 0) < SteadyMin * steps.Count) return false;

        // Where the line through the days of the baseline stands at each hour.
        var (middle, center) = ((days.Count - 1) / 2d, Numbers.Median(days));
        var grown = compared.Sum(point =>
        {
            var day = days.Count - 0.5 + (point.Hour - end + 0.5) / DayHours;
            return point.Value / Math.Exp(profile.Residual(point)) * Math.Exp(center + slope * (day - middle));
        });
        return !materiality.IsMet(grown, compared.Sum(point => point.Value), compared.Count);
    }

    /// <summary>The median of the slopes of all pairs (Theil and Sen).</summary>
    private static double Slope(List<double> days)
    {
        var slopes = new List<double>();
        for (var i = 0; i < days.Count; i++)
        {
            for (var j = i + 1; j < days.Count; j++) slopes.Add((days[j] - days[i]) / (j - i));
        }

        return Numbers.Median(slopes);
    }

    private static SpikeVerdict VerdictOf(ShiftState state) => state switch
    {
        ShiftState.Blip => SpikeVerdict.Blip,
        ShiftState.Rising => SpikeVerdict.Rising,
        ShiftState.Sustained => SpikeVerdict.Sustained,
        ShiftState.Ended => SpikeVerdict.Ended,
        _ => SpikeVerdict.None,
    };
}
