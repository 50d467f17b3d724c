using System.Globalization;
using Tieout.Core;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Reconciliation;

/// <summary>Days out of the times that other books write.</summary>
internal static class WrittenDays
{
    private static readonly string[] WallForms = ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFFFFF"];
    private static readonly string[] ZonedForms = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd HH:mm:ss 'UTC'", "yyyy-MM-dd HH:mm:sszzz"];

    /// <summary>A time without an offset: its date stands as it is written.</summary>
    public static bool Wall(string text, out DateOnly day)
    {
        var isTime = DateTime.TryParseExact(text, WallForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            && time.Kind == DateTimeKind.Unspecified;
        day = isTime ? DateOnly.FromDateTime(time) : default;
        return isTime;
    }

    /// <summary>A time with its offset: the day it is in <paramref name="zone"/>.</summary>
    public static bool Zoned(string text, TimeZoneInfo zone, out DateOnly day)
    {
        var isTime = DateTimeOffset.TryParseExact(text, ZonedForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time);
        day = isTime ? LocalTime.DayOf(Instant.From(time), zone) : default;
        return isTime;
    }
}
