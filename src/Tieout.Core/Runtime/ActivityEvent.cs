namespace Tieout.Core.Runtime;

/// <summary>Something that happened to an instance.</summary>
/// <param name="Id">The sender's. The same event counts once, however often it comes.</param>
/// <param name="At">The world's time. Seconds are cut, not rounded, so that what ends at a second and what begins there meet.</param>
/// <param name="Mode">Of a start or a mode change: the mode from then on; null at a start: as before.</param>
/// <param name="Component">Of a scale: what is scaled.</param>
/// <param name="Replicas">Of a scale: to how many; 0 or more.</param>
public sealed record ActivityEvent(string Id, Instant At, ActivityKind Kind, string? Mode = null, string? Component = null, int Replicas = 0)
    : IComparable<ActivityEvent>
{
    /// <summary>Whole seconds since 1970-01-01 UTC.</summary>
    public long Second => Math.DivRem(At.UnixMicros, Instant.MicrosPerSecond).Quotient;

    /// <summary>The order in which events count, whatever the order in which they came. Of those at the same time a stop comes first, so that a restart leaves
    /// no gap.</summary>
    public int CompareTo(ActivityEvent? other)
    {
        if (other is null) return 1;
        if (At != other.At) return At.CompareTo(other.At);
        return Kind != other.Kind ? Kind.CompareTo(other.Kind) : string.CompareOrdinal(Id, other.Id);
    }
}

/// <summary>In the order in which they count at one time.</summary>
public enum ActivityKind
{
    Stop,
    Start,
    Scale,
    ModeChange,
    Heartbeat,
}
