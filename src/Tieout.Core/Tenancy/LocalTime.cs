namespace Tieout.Core.Tenancy;

/// <summary>From a zone's wall clock to an instant, also where the clock jumps.</summary>
public static class LocalTime
{
    /// <summary>
    /// The first instant at which the clock of <paramref name="zone"/> shows <paramref name="local"/> or later. A time that a jump
    /// skips becomes the instant of the jump; of a time that comes twice, the first. So consecutive local times never give
    /// decreasing instants, and periods cut with them neither overlap nor leave a gap.
    /// </summary>
    public static Instant Resolve(DateTime local, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return Instant.From(new DateTimeOffset(local, offset));
    }
}
