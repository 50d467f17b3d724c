using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Budgets;

namespace Tieout.Core.Tests.Budgets;

public sealed class WindowTests
{
    // Goal: the windows that people argue about. Berlin: clocks go forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00.
    [Theory]
    [InlineData(WindowUnit.Day, "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")] // 23 hours
    [InlineData(WindowUnit.Day, "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")] // 25 hours
    [InlineData(WindowUnit.Hour, "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z")]
    [InlineData(WindowUnit.Hour, "Asia/Kolkata", "2026-03-10T12:00:00Z", "2026-03-10T11:30:00Z", "2026-03-10T12:30:00Z")]
    [InlineData(WindowUnit.Minute, "UTC", "2026-03-10T12:00:59.999999Z", "2026-03-10T12:00:00Z", "2026-03-10T12:01:00Z")]
    [InlineData(WindowUnit.Week, "UTC", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")] // a Sunday
    [InlineData(WindowUnit.Week, "UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z")] // a Monday
    [InlineData(WindowUnit.Month, "America/New_York", "2026-03-01T04:59:59Z", "2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z")]
    [InlineData(WindowUnit.Day, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z")] // midnight was skipped
    public void A_window_is_cut_by_the_clock_of_its_zone(WindowUnit unit, string zone, string at, string start, string end)
    {
        var window = Window.Of(unit, At(at), TimeZoneInfo.FindSystemTimeZoneById(zone));

        Assert.Equal((At(start), At(end)), (window.Start, window.End));
    }

    [Fact]
    public void Windows_cover_all_time_without_gap_or_overlap()
    {
        var units = Gen.Elements(WindowUnit.Minute, WindowUnit.Hour, WindowUnit.Day, WindowUnit.Week, WindowUnit.Month);
        var zones = Gen.Elements("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia");
        var any =
            from unit in units
            from zone in zones
            from seconds in Gen.Choose(1_100_000_000, 1_900_000_000)
            select (unit, zone: TimeZoneInfo.FindSystemTimeZoneById(zone), at: new Instant(seconds * Instant.MicrosPerSecond));

        Prop.ForAll(any.ToArbitrary(), sample =>
        {
            var window = Window.Of(sample.unit, sample.at, sample.zone);
            var next = Window.Of(sample.unit, window.End, sample.zone);
            return window.Contains(sample.at) && next.Start == window.End && Window.Of(sample.unit, window.Start, sample.zone) == window;
        }).QuickCheckThrowOnFailure();
    }

    private static Instant At(string text) => Instant.From(DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture));
}
