using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tieout.Core.Tenancy;

/// <summary>A billing period: one calendar month in the org's time zone. Half-open in time.</summary>
public readonly record struct Month(int Year, int Number) : IComparable<Month>
{
    public Month Next => Number == 12 ? new(Year + 1, 1) : new(Year, Number + 1);

    /// <summary>The month that <paramref name="instant"/> lies in, by the clock of <paramref name="zone"/>.</summary>
    public static Month Of(Instant instant, TimeZoneInfo zone)
    {
        var day = LocalTime.DayOf(instant, zone);
        return new(day.Year, day.Month);
    }

    /// <summary>Its first instant by the clock of <paramref name="zone"/>.</summary>
    public Instant Start(TimeZoneInfo zone) => LocalTime.Resolve(new DateTime(Year, Number, 1, 0, 0, 0, DateTimeKind.Unspecified), zone);

    public Instant End(TimeZoneInfo zone) => Next.Start(zone);

    /// <summary>Reads <c>YYYY-MM</c>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Month month)
    {
        month = default;
        if (!DateTime.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) return false;
        month = new(day.Year, day.Month);
        return true;
    }

    public int CompareTo(Month other) => (Year, Number).CompareTo((other.Year, other.Number));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Year:0000}-{Number:00}");
}
