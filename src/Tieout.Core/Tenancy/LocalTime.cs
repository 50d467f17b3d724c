namespace Tieout.Core.Tenancy;

/// <summary>Days and wall-clock times of a zone, also where its clock jumps.</summary>
/// <remarks>
/// A zone is only asked what its clock shows at an instant. What .NET says the other way round differs from that near the jumps of some years, and then
/// days would overlap or leave a gap.
/// </remarks>
public static class LocalTime
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>
    /// The first instant at which the clock of <paramref name="zone"/> shows <paramref name="local"/> or later. A time that a jump
    /// skips becomes the instant of the jump; of a time that comes twice, the first. So consecutive local times never give
    /// decreasing instants, and periods cut with them neither overlap nor leave a gap.
    /// </summary>
    public static Instant Resolve(DateTime local, TimeZoneInfo zone)
    {
        // No clock is more than a day off, and none jumps twice within two days.
        var (before, after) = (Offset(zone, local.Ticks - Day.Ticks), Offset(zone, local.Ticks + Day.Ticks));
        var (early, late) = (local.Ticks - before, local.Ticks - after);
        if (before == after || Offset(zone, early) == before) return At(early);
        return At(Offset(zone, late) == after ? late : Jump(zone, late, early, before));
    }

    /// <summary>The day that an instant lies in: days follow one another, each from the <see cref="Resolve"/> of its midnight to that of the next.</summary>
    /// <remarks>The clock may show the day before: where it falls back past a midnight, the day that has begun goes on.</remarks>
    public static DateOnly DayOf(Instant instant, TimeZoneInfo zone)
    {
        var shown = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant.ToDateTimeOffset(), zone).DateTime);
        return shown < DateOnly.MaxValue && StartOf(shown.AddDays(1), zone) <= instant ? shown.AddDays(1) : shown;
    }

    /// <summary>The first instant of a day.</summary>
    public static Instant StartOf(DateOnly day, TimeZoneInfo zone) => Resolve(day.ToDateTime(TimeOnly.MinValue), zone);

    /// <summary>The first instant of <paramref name="early"/> to <paramref name="late"/> at which the clock is not off by <paramref name="before"/>.</summary>
    private static long Jump(TimeZoneInfo zone, long early, long late, long before)
    {
        while (late - early > 1)
        {
            var middle = early + (late - early) / 2;
            if (Offset(zone, middle) == before) early = middle;
            else late = middle;
        }

        return late;
    }

    private static long Offset(TimeZoneInfo zone, long utcTicks) => zone.GetUtcOffset(new DateTime(Bounded(utcTicks), DateTimeKind.Utc)).Ticks;

    private static Instant At(long utcTicks) => Instant.From(new DateTimeOffset(Bounded(utcTicks), TimeSpan.Zero));

    private static long Bounded(long ticks) => Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks);
}
