namespace Tieout.Analysis.Detection;

/// <summary>Tells a lasting rise from noise and from a blip: a cumulative sum of how far hours lie above the usual, in which no hour counts more than
/// <see cref="ScoreMax"/>.</summary>
/// <remarks>
/// Bounding an hour is what tells a shift from a blip: an hour adds at most 3.5 and an alarm needs 8, so no rise is confirmed before its third hour, however
/// large it is. With these bounds a series as usual raises an alarm every two years if its hours are independent (an average run of 18,800 hours).
/// </remarks>
public static class ShiftDetector
{
    private const double ScoreMax = 4;

    /// <summary>Deviations that an hour may lie above the usual before it counts.</summary>
    private const double Allowance = 0.5;

    private const double Alarm = 8;

    /// <summary>Deviations from which a single hour is far above the usual.</summary>
    private const double Far = 3;

    private const double FarBlip = 4;

    /// <summary>Hours of the baseline that a rise is compared with when its first hour is looked for.</summary>
    private const int HistoryHours = 24;

    /// <summary>A shift has at least so many hours as usual behind it when it is over.</summary>
    private const int HoursToEnd = 3;

    /// <summary>What was above the usual for fewer hours is a blip, whatever came before it.</summary>
    private const int HoursToConfirm = 3;

    /// <summary>How much likelier than a shift that goes on hours as usual must be, as a logarithm, for it to be over.</summary>
    private const double EndEvidence = 14;

    /// <summary>Deviations that a shift is high at least.</summary>
    private const double HeightMin = 1;

    private const int OnsetWithin = 12;

    /// <param name="baseline">Whole hours before, in order of time.</param>
    /// <param name="points">Whole hours after the baseline, in order of time.</param>
    public static Shift Judge(HourProfile profile, IReadOnlyList<HourPoint> baseline, IReadOnlyList<HourPoint> points)
    {
        var scores = points.Select(profile.Score).ToArray();
        if (Confirmed(scores) is not { } alarm) return Unconfirmed(scores, points);
        double[] history = [.. baseline.Skip(Math.Max(0, baseline.Count - HistoryHours)).Select(profile.Score)];
        var onset = OnsetOf([.. history, .. scores], history.Length, alarm.Start, alarm.At);
        var end = EndOf(scores, onset, alarm.At);
        var last = end ?? scores.Length;
        if (end is not null && last - onset < HoursToConfirm) return new(ShiftState.Blip, points[onset].Hour, points[last].Hour, last - onset);
        return new(end is null ? ShiftState.Sustained : ShiftState.Ended, points[onset].Hour, end is { } at ? points[at].Hour : null,
            scores[onset..last].Count(score => score > Far));
    }

    /// <summary>What had no cost before: it begins with its first hour that has some, and is over when it has none.</summary>
    /// <param name="points">Whole hours after the baseline, in order of time; one at least.</param>
    public static Shift Appearance(IReadOnlyList<HourPoint> points)
    {
        var costs = points.Where(point => point.Value > 0).ToList();
        if (costs.Count == 0) return Shift.None;
        var (onset, end, now) = (costs[0].Hour, costs[^1].Hour + 1, points[^1].Hour + 1);
        return now - end >= HoursToEnd ? new(ShiftState.Ended, onset, end, costs.Count) : new(ShiftState.Sustained, onset, null, costs.Count);
    }

    /// <summary>The last rise that came to an alarm: where its sum began, and where it passed the bound.</summary>
    private static (int Start, int At)? Confirmed(double[] scores)
    {
        (int, int)? last = null;
        var (sum, start, isOver) = (0d, 0, false);
        for (var i = 0; i < scores.Length; i++)
        {
            sum = Math.Max(0, sum + Math.Clamp(scores[i], -ScoreMax, ScoreMax) - Allowance);
            if (sum == 0) (start, isOver) = (i + 1, false);
            if (sum <= Alarm || isOver) continue;
            (last, isOver) = ((start, i), true);
        }

        return last;
    }

    /// <summary>The hour that parts those before from those after it best, near where the sum began.</summary>
    /// <param name="scores">The history, then the hours that are judged.</param>
    /// <param name="history">How many hours of it there are.</param>
    private static int OnsetOf(double[] scores, int history, int start, int alarm)
    {
        var (from, to) = (Math.Max(0, history + start - HistoryHours), Math.Min(scores.Length, history + Math.Max(alarm + 1, start + OnsetWithin)));
        var (best, bestT) = (start, double.NegativeInfinity);
        for (var split = Math.Max(0, start - OnsetWithin); split <= alarm; split++)
        {
            var at = history + split;
            if (at == from) continue;
            if (Student(scores.AsSpan(from, at - from), scores.AsSpan(at, to - at)) is var t && t > bestT) (best, bestT) = (split, t);
        }

        return best;
    }

    /// <summary>The first of the last hours that are likelier as usual than part of the shift. A weak shift needs more of them than a strong one.</summary>
    private static int? EndOf(double[] scores, int onset, int alarm)
    {
        var height = Math.Max(HeightMin, scores[onset..(alarm + 1)].Average(score => Math.Clamp(score, -ScoreMax, ScoreMax)));
        var (evidence, best, end) = (0d, 0d, scores.Length);
        for (var i = scores.Length - 1; i > alarm; i--)
        {
            evidence += height * (height / 2 - Math.Clamp(scores[i], -ScoreMax, ScoreMax));
            if (evidence > best) (best, end) = (evidence, i);
        }

        return best >= EndEvidence && scores.Length - end >= HoursToEnd ? end : null;
    }

    private static Shift Unconfirmed(double[] scores, IReadOnlyList<HourPoint> points)
    {
        var now = scores.Length;
        while (now > 0 && scores[now - 1] > Far) now--;
        if (now < scores.Length) return new(ShiftState.Rising, points[now].Hour, null, scores.Length - now);
        var last = Array.FindLastIndex(scores, score => score > FarBlip);
        if (last < 0) return Shift.None;
        var first = last;
        while (first > 0 && scores[first - 1] > FarBlip) first--;
        return new(ShiftState.Blip, points[first].Hour, points[last].Hour + 1, last - first + 1);
    }

    /// <summary>How surely the second mean is above the first.</summary>
    private static double Student(ReadOnlySpan<double> before, ReadOnlySpan<double> after)
    {
        var (first, second) = (Moments(before), Moments(after));
        var squares = first.Squares + second.Squares;
        var count = before.Length + after.Length - 2;
        var variance = count > 0 ? Math.Max(squares / count, 0.01) : 1;
        return (second.Mean - first.Mean) / Math.Sqrt(variance * (1d / before.Length + 1d / after.Length));
    }

    private static (double Mean, double Squares) Moments(ReadOnlySpan<double> scores)
    {
        var mean = 0d;
        foreach (var score in scores) mean += Math.Clamp(score, -ScoreMax, 2 * ScoreMax);
        mean /= scores.Length;
        var squares = 0d;
        foreach (var score in scores) squares += Math.Pow(Math.Clamp(score, -ScoreMax, 2 * ScoreMax) - mean, 2);
        return (mean, squares);
    }
}
