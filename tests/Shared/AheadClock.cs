namespace Tieout.Tests;

/// <summary>The machine's clock, moved ahead: it goes on as that does. Timers and durations are the machine's.</summary>
internal sealed class AheadClock : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + Ahead;
}
