namespace Tieout.Analysis.Detection;

/// <summary>What an hour usually costs, learned from a baseline: a level for each hour of the clock, an offset for weekends, and how far hours usually lie from
/// that. On the scale of logarithms, so that a busy hour and a quiet one deviate alike.</summary>
/// <remarks>Medians, because a baseline has outliers of its own. Seven days are seven values for each hour of the clock and one for each hour of the week, so
/// weekdays share their hours and weekends are one offset.</remarks>
public sealed class HourProfile
{
    /// <summary>Days that a baseline must have before anything is said about it.</summary>
    public const int DaysMin = 4;

    /// <summary>Hours differ by at least 3 %: a series that never varied would turn any change into an alarm.</summary>
    private const double DeviationMin = 0.03;

    /// <summary>Medians of few values underestimate the deviation of heavy tails.</summary>
    private const double DeviationFactor = 1.3;

    /// <summary>What is added to each value, as a part of the median one, so that an hour without any has a logarithm.</summary>
    private const double Floor = 0.02;

    private const int Passes = 3;

    /// <summary>Hours of the clock that share a deviation.</summary>
    private const int AlikeHours = 8;

    private readonly double[] _level = new double[24], _deviation = new double[24];
    private readonly double _weekend;
    private readonly double _floor;

    private HourProfile(IReadOnlyList<HourPoint> baseline)
    {
        var values = baseline.Where(point => point.Value > 0).Select(point => point.Value).ToList();
        _floor = Math.Max(Numbers.Median(values) * Floor, double.Epsilon);
        for (var pass = 0; pass < Passes; pass++)
        {
            var weekend = _weekend;
            for (var hour = 0; hour < _level.Length; hour++)
            {
                var clock = hour;
                _level[hour] = Numbers.Median(
                    [.. baseline.Where(point => point.ClockHour == clock).Select(point => Log(point.Value) - (point.IsWeekend ? weekend : 0))]);
            }

            _weekend = Numbers.Median([.. baseline.Where(point => point.IsWeekend).Select(point => Log(point.Value) - _level[point.ClockHour])]);
        }

        // Quiet hours have fewer requests and deviate more: each hour of the clock is judged by those that are about as busy.
        var byLevel = Enumerable.Range(0, _level.Length).OrderBy(hour => _level[hour]).ToList();
        for (var rank = 0; rank < byLevel.Count; rank++)
        {
            var from = Math.Clamp(rank - AlikeHours / 2, 0, byLevel.Count - AlikeHours);
            var alike = byLevel.GetRange(from, AlikeHours);
            _deviation[byLevel[rank]] = Math.Max(
                DeviationMin, DeviationFactor * Numbers.RobustDeviation([.. baseline.Where(point => alike.Contains(point.ClockHour)).Select(Residual)]));
        }
    }

    /// <param name="baseline">Whole hours, none twice.</param>
    /// <returns>Null: the baseline has too few days with any cost.</returns>
    public static HourProfile? Of(IReadOnlyList<HourPoint> baseline)
    {
        // The first hour that cost anything: before it there was no such org.
        var first = baseline.Where(point => point.Value > 0).Select(point => point.Hour).DefaultIfEmpty(long.MaxValue).Min();
        var known = baseline.Where(point => point.Hour >= first).ToList();
        return known.Count < DaysMin * 24 ? null : new(known);
    }

    /// <summary>By how much the logarithm is above the usual one.</summary>
    public double Residual(HourPoint point) => Log(point.Value) - _level[point.ClockHour] - (point.IsWeekend ? _weekend : 0);

    /// <summary>The residual, of hours that are out of the ordinary no more than three deviations: for means.</summary>
    public double Bounded(HourPoint point) => Math.Clamp(Residual(point), -3 * _deviation[point.ClockHour], 3 * _deviation[point.ClockHour]);

    /// <summary>The residual in deviations.</summary>
    public double Score(HourPoint point) => Residual(point) / _deviation[point.ClockHour];

    private double Log(double value) => Math.Log(Math.Max(0, value) + _floor);
}
