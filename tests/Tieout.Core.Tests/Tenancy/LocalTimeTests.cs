using System.Globalization;
using Tieout.Core.Budgets;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Tenancy;

public sealed class LocalTimeTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Every jump of every zone since 1970: clocks that skip a midnight, show it twice, fall back past it, or leave out a whole day.</summary>
    [Fact]
    public void Days_and_months_of_every_zone_follow_one_another_around_every_jump_of_its_clock()
    {
        var jumps = 0;
        foreach (var zone in TimeZoneInfo.GetSystemTimeZones())
        {
            foreach (var jump in Jumps(zone))
            {
                jumps++;
                for (var at = jump - Day; at < jump + Day; at += TimeSpan.FromMinutes(30)) AssertPlaced(zone, at);
                AssertPlaced(zone, jump - new TimeSpan(ticks: 10));
            }
        }

        Assert.True(jumps > 10_000, $"Only {jumps} jumps were found.");
    }

    // Goal: shown by the clocks themselves. St. John's fell back at 00:01 to 23:01 of the day before; Apia had no 30 December 2011.
    [Theory]
    [InlineData("America/St_Johns", "2005-10-30T02:30:30Z", "2005-10-30")] // 00:00:30, before it falls back
    [InlineData("America/St_Johns", "2005-10-30T02:45:00Z", "2005-10-30")] // shown as 23:15 of the 29th: the 30th has begun
    [InlineData("America/St_Johns", "2005-10-30T02:29:59Z", "2005-10-29")]
    [InlineData("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29")]
    [InlineData("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31")]
    [InlineData("America/Asuncion", "1993-10-01T03:30:00Z", "1993-09-30")]
    public void A_day_begins_when_its_clock_first_shows_it(string zone, string at, string day) =>
        Assert.Equal(day, LocalTime.DayOf(
            Instant.From(DateTimeOffset.Parse(at, CultureInfo.InvariantCulture)), TimeZoneInfo.FindSystemTimeZoneById(zone)).ToString("O"));

    private static void AssertPlaced(TimeZoneInfo zone, Instant at)
    {
        foreach (var unit in (ReadOnlySpan<WindowUnit>)[WindowUnit.Day, WindowUnit.Month])
        {
            var window = Window.Of(unit, at, zone);
            if (!window.Contains(at) || Window.Of(unit, window.End, zone).Start != window.End || Window.Of(unit, window.Start, zone) != window)
            {
                Assert.Fail($"{zone.Id}: the {unit} of {at} is {window}.");
            }
        }

        var month = Month.Of(at, zone);
        if (month.Start(zone) > at || month.End(zone) <= at) Assert.Fail($"{zone.Id}: {at} is not in {month}.");
    }

    private static IEnumerable<Instant> Jumps(TimeZoneInfo zone)
    {
        var step = TimeSpan.FromDays(14);
        for (var at = Instant.UnixEpoch + Day; at < Instant.UnixEpoch + 70 * 365 * Day; at += step)
        {
            if (Offset(at) == Offset(at + step)) continue;
            var (before, after) = (at, at + step);
            while (after - before > TimeSpan.FromSeconds(1))
            {
                var middle = new Instant((before.UnixMicros + after.UnixMicros) / 2 / Instant.MicrosPerSecond * Instant.MicrosPerSecond);
                if (Offset(middle) == Offset(at)) before = middle;
                else after = middle;
            }

            yield return after;
        }

        TimeSpan Offset(Instant at) => zone.GetUtcOffset(at.ToDateTimeOffset());
    }
}
