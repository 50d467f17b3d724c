using Tieout.Core.Money;
using Tieout.Core.Spike;

namespace Tieout.Core.Tests.Spike;

public sealed class AlertHoursTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    // Goal: the baseline of an hour is of the same hour on the clock, also over the days on which clocks change. Method: every hour costs what the clock shows,
    // from a week before until a week after both changes of 2026.
    [Theory]
    [InlineData("2026-03-29")]
    [InlineData("2026-10-25")]
    public void A_baseline_hour_has_the_same_hour_on_the_clock_also_where_clocks_change(string change)
    {
        var day = DateTimeOffset.Parse($"{change}T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds() / 3_600;
        var (first, end) = (day - 17 * 24, day + 9 * 24);
        var hours = new AlertHours(first, (int)(end - first));
        for (var hour = first; hour < end; hour++) hours.Add(hour, 100 + Clock(hour));
        for (var hour = day - 7 * 24; hour < end; hour++) Assert.Equal(100 + Clock(hour), hours.Baseline(hour, first, Clock));
    }

    [Fact]
    public void A_baseline_is_a_median_or_the_week_before_if_that_was_more_and_hours_without_usage_count_as_none()
    {
        var hours = new AlertHours(0, 9 * 24);
        var hour = 8 * 24 + 5;
        foreach (var (daysBefore, sum) in (ReadOnlySpan<(int, int)>)[(1, 900), (2, 10), (3, 12), (4, 11), (5, 0), (6, 13)])
        {
            hours.Add(hour - 24 * daysBefore, sum);
        }

        Assert.Equal(11, hours.Baseline(hour, 0, At));
        hours.Add(hour - 7 * 24, 40);
        Assert.Equal(40, hours.Baseline(hour, 0, At));
    }

    [Fact]
    public void An_org_of_two_days_has_no_baseline_and_one_of_three_has_one()
    {
        var hours = new AlertHours(0, 9 * 24);
        for (var at = 0; at < 9 * 24; at++) hours.Add(at, 1);
        Assert.Null(hours.Baseline(100, since: 100 - 2 * 24, At));
        Assert.Equal(1, hours.Baseline(100, since: 100 - 3 * 24, At));
        Assert.Null(hours.Baseline(100, since: long.MaxValue, At));
    }

    // 20 hours of 1 in the rest of the running day come to 20 as yesterday did; what is after a day is as the days of last week.
    [Fact]
    public void What_is_to_come_repeats_the_last_day_and_then_the_last_week()
    {
        var hours = new AlertHours(0, 192);
        for (var at = 0; at < 192; at++) hours.Add(at, at >= 168 ? 1 : at / 24);
        Assert.Equal(20, hours.ToCome(192, 212, 0));
        Assert.Equal(0.5m, hours.ToCome(192.5, 193, 0));

        // The second day from now is the one of a week before it, day 2 of the eight.
        Assert.Equal(24 + 24 * 2, hours.ToCome(192, 240, 0));
        Assert.Null(hours.ToCome(192, 240, since: 169));
        Assert.Equal(48, hours.ToCome(192, 240, since: 168));
        Assert.Null(hours.ToCome(192, 240, since: long.MaxValue));
        Assert.Equal(0, hours.ToCome(192, 192, 0));
    }

    [Fact]
    public void A_threshold_is_above_its_limit_and_not_at_it_in_the_running_or_the_last_hour()
    {
        var terms = new AlertTerms(AlertMeasure.Failures, Count: 10);
        Assert.False(AlertFigures.Threshold(terms, 10, 10).IsRaised);
        Assert.Equal(new(true, 11, 10), AlertFigures.Threshold(terms, 11, 0));
        Assert.Equal(new(true, 11, 10), AlertFigures.Threshold(terms, 0, 11));
    }

    [Fact]
    public void A_ratio_needs_both_the_multiple_and_an_hour_above_the_limit()
    {
        var terms = new AlertTerms(AlertMeasure.Tokens, Count: 100, Percent: 300);
        Assert.Equal(new(true, 300, 300), AlertFigures.Ratio(terms, 600, 200));
        Assert.False(AlertFigures.Ratio(terms, 599, 200).IsRaised);
        Assert.False(AlertFigures.Ratio(terms, 100, 1).IsRaised);
        Assert.True(AlertFigures.Ratio(terms, 101, 0).IsRaised);
        Assert.False(AlertFigures.Ratio(terms, 0, 0).IsRaised);
    }

    [Fact]
    public void A_forecast_is_compared_with_a_part_of_the_limit_and_the_largest_sums_do_not_overflow()
    {
        Assert.Equal(new(true, 101, 100), AlertFigures.Forecast(new(), 60, 41, 100));
        Assert.False(AlertFigures.Forecast(new(), 60, 40, 100).IsRaised);
        Assert.True(AlertFigures.Forecast(new(Percent: 80), 60, 21, 100).IsRaised);
        Assert.False(AlertFigures.Forecast(new(Percent: 100_000), Int128.MaxValue, 1_000, Amount.SumMax.Nanos).IsRaised);
        Assert.False(AlertFigures.Ratio(new(Percent: 100_000), Int128.MinValue, 0.5m).IsRaised);
        Assert.True(AlertFigures.Ratio(new(Percent: 101), Int128.MaxValue, 0.5m).IsRaised);
    }

    private static int Clock(long hour) => TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(hour * 3_600), Berlin).Hour;

    private static int At(long hour) => (int)(hour % 24);
}
