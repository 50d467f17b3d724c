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
    private const double GrowthMin = 0.01;

    /// <summary>The calendar or growth explains a rise where it explains this part of it.</summary>
    private const double ExplainedPartMin = 0.45;

    private const int DayHours = 24;

    /// <summary>Hours by which the segment may move the beginning; more is another rise.</summary>
    private const int RefinedWithin = 24;

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

        var shift = ShiftDetector.Judge(profile, baseline, judged);
        var (timing, compared) = Compare(profile, baseline, judged, shift.Onset ?? judgedFrom, shift.End ?? end);
        timing = timing with { HoursAbove = shift.HoursAbove };
        var (expected, actual) = (timing.Expected, timing.Actual);
        if (shift.State is ShiftState.None || !materiality.IsMet(expected, actual, compared.Count)) return timing;
        var benign = IsCalendar(points, compared, expected, materiality) ? BenignReason.Calendar
            : IsGrowth(profile, baseline, compared, expected, materiality) ? BenignReason.Growth : BenignReason.None;
        return timing with { Verdict = benign is BenignReason.None ? VerdictOf(shift.State) : SpikeVerdict.Benign, Benign = benign };
    }

    /// <summary>Times a lasting rise by the hours of the segment that rose: there it stands out more than in the cost of everything.</summary>
    /// <param name="timing">A rise that is sustained or has ended, by all hours.</param>
    /// <param name="points">Of everything.</param>
    /// <param name="segment">Of the segment, the same hours: a cost, or a cost for each request.</param>
    public static SpikeTiming Refine(
        SpikeTiming timing, IReadOnlyList<HourPoint> points, IReadOnlyList<HourPoint> segment, long judgedFrom, Materiality materiality)
    {
        var (before, after) = (segment.Where(point => point.Hour < judgedFrom).ToList(), segment.Where(point => point.Hour >= judgedFrom).ToList());
        var baseline = points.Where(point => point.Hour < judgedFrom).ToList();
        if (timing.Verdict is not (SpikeVerdict.Sustained or SpikeVerdict.Ended) || HourProfile.Of(baseline) is not { } profile) return timing;

        var shift = HourProfile.Of(before) is { } own ? ShiftDetector.Judge(own, before, after) : ShiftDetector.Appearance(after);
        if (shift.State is not (ShiftState.Sustained or ShiftState.Ended) || shift.Onset is not { } from) return timing;
        if (Math.Abs(from - timing.From) > RefinedWithin) return timing;
        var judged = points.Where(point => point.Hour >= judgedFrom).ToList();
        var (refined, compared) = Compare(profile, baseline, judged, from, shift.End ?? judged[^1].Hour + 1);
        return materiality.IsMet(refined.Expected, refined.Actual, compared.Count)
            ? refined with { Verdict = VerdictOf(shift.State), HoursAbove = timing.HoursAbove } : timing;
    }

    private static (SpikeTiming Timing, List<HourPoint> Compared) Compare(
        HourProfile profile, List<HourPoint> baseline, List<HourPoint> judged, long from, long to)
    {
        var compared = judged.Where(point => point.Hour >= from && point.Hour < to).ToList();
        var weights = BaselineHours.Weights(profile, baseline, compared);
        var expected = baseline.Sum(point => point.Value * weights.GetValueOrDefault(point.Hour));
        return (new(SpikeVerdict.None, BenignReason.None, from, to, 0, weights, expected, compared.Sum(point => point.Value)), compared);
    }

    /// <summary>Whether the same hours of the week before cost as much.</summary>
    private static bool IsCalendar(IReadOnlyList<HourPoint> points, List<HourPoint> compared, double expected, Materiality materiality)
    {
        var known = points.ToDictionary(point => point.Hour, point => point.Value);
        var before = 0d;
        foreach (var point in compared)
        {
            if (!known.TryGetValue(point.Hour - HoursOfWeek, out var value)) return false;
            before += value;
        }

        // What was there a week before by chance explains little of a rise.
        var actual = compared.Sum(point => point.Value);
        return compared.Count >= 3 && !materiality.IsMet(before, actual, compared.Count) && before - expected >= ExplainedPartMin * (actual - expected);
    }

    /// <summary>Whether the baseline grew day by day, and the hours cost what that growth comes to. Days are compared with days of their kind: one weekend says
    /// nothing of how weekends and other days differ while all grow.</summary>
    private static bool IsGrowth(HourProfile profile, List<HourPoint> baseline, List<HourPoint> compared, double expected, Materiality materiality)
    {
        var end = baseline[^1].Hour + 1;
        var days = baseline.GroupBy(point => ((end - 1 - point.Hour) / DayHours, point.IsWeekend)).Where(day => day.Count() >= DayHours / 4)
            .Select(day => new DayLevel(
                day.Average(point => (double)(point.Hour - end) / DayHours), day.Key.IsWeekend, day.Average(profile.Bounded)))
            .ToList();
        if (days.Count < HourProfile.DaysMin || Slope(days) is not (>= GrowthMin and var slope)) return false;
        var grown = compared.Sum(point =>
        {
            var alike = days.Where(day => day.IsWeekend == point.IsWeekend).ToList();
            var at = (double)(point.Hour - end) / DayHours;
            return point.Value / Math.Exp(profile.Residual(point))
                * Math.Exp(Numbers.Median([.. (alike.Count > 0 ? alike : days).Select(day => day.Level + slope * (at - day.At))]));
        });

        // What grew by chance explains little of a rise.
        var actual = compared.Sum(point => point.Value);
        return !materiality.IsMet(grown, actual, compared.Count) && grown - expected >= ExplainedPartMin * (actual - expected);
    }

    /// <summary>The median of the slopes of all pairs of days of one kind (Theil and Sen).</summary>
    private static double Slope(List<DayLevel> days)
    {
        var slopes = new List<double>();
        for (var i = 0; i < days.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (days[i].IsWeekend == days[j].IsWeekend) slopes.Add((days[i].Level - days[j].Level) / (days[i].At - days[j].At));
            }
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

    /// <param name="At">Days from the end of the baseline; below zero.</param>
    /// <param name="Level">Above the profile, as a logarithm.</param>
    private readonly record struct DayLevel(double At, bool IsWeekend, double Level);
}
