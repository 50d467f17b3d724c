using System.Text.Json.Serialization;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Budgets;

/// <summary>How long a budget's windows are. Weeks begin on Monday. <see cref="Total"/> is one window for ever.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WindowUnit>))]
public enum WindowUnit
{
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Total,
}

/// <summary>One period of a budget, half-open: <c>Start ≤ t &lt; End</c>.</summary>
public sealed record Window(Instant Start, Instant End)
{
    public static readonly Window Total = new(Instant.UnixEpoch, new Instant(long.MaxValue));

    public bool Contains(Instant instant) => Start <= instant && instant < End;

    /// <summary>The window of <paramref name="unit"/> that <paramref name="instant"/> lies in, by the clock of <paramref name="zone"/>.</summary>
    /// <remarks>
    /// Minutes and hours are cut on the time line at the zone's standard minutes, so an hour that the clock shows twice is two windows;
    /// days, weeks and months are cut by the wall clock, so a day may last 23 or 25 hours.
    /// </remarks>
    public static Window Of(WindowUnit unit, Instant instant, TimeZoneInfo zone)
    {
        if (unit == WindowUnit.Total) return Total;
        if (unit is WindowUnit.Minute or WindowUnit.Hour)
        {
            var local = TimeZoneInfo.ConvertTime(instant.ToDateTimeOffset(), zone);
            var length = unit == WindowUnit.Minute ? TimeSpan.FromMinutes(1) : TimeSpan.FromHours(1);
            var start = instant - new TimeSpan(local.TimeOfDay.Ticks % length.Ticks);
            return new(start, start + length);
        }

        var day = LocalTime.DayOf(instant, zone);
        var (from, to) = unit switch
        {
            WindowUnit.Day => (day, day.AddDays(1)),
            WindowUnit.Week => (Monday(day), Monday(day).AddDays(7)),
            _ => (new DateOnly(day.Year, day.Month, 1), new DateOnly(day.Year, day.Month, 1).AddMonths(1)),
        };
        return new(LocalTime.StartOf(from, zone), LocalTime.StartOf(to, zone));
    }

    private static DateOnly Monday(DateOnly day) => day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
}
