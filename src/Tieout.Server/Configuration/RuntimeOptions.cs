using Tieout.Core.Runtime;

namespace Tieout.Server.Configuration;

/// <summary>How app instances and allocations are metered.</summary>
public sealed record RuntimeOptions
{
    /// <summary>How much activity makes one usage record; it divides an hour, from ten seconds on. A shorter one is charged sooner and makes more
    /// rows.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(Grid.Default.Seconds);

    /// <summary>
    /// How long an instance with heartbeats is waited for after its last one has run out, before it is retired: from 1 to 31 days. Its usage ended where that
    /// one
    /// ran out. As long as events may be late, nothing is refused that would have counted.
    /// </summary>
    public TimeSpan HeartbeatGrace { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How late an event may come, from 1 to 31 days. Older activity is a matter for corrections by people.</summary>
    public TimeSpan Lateness { get; init; } = TimeSpan.FromDays(7);

    public Grid Grid => new((int)Interval.TotalSeconds);
}
