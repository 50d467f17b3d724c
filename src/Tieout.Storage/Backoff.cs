namespace Tieout.Storage;

/// <summary>How long to wait before trying again what has failed: twice as long after each failure, up to a maximum.</summary>
/// <remarks>By chance a pause is up to half shorter, so that what failed together is not tried again together.</remarks>
/// <param name="First">The pause after the first failure, before chance shortens it.</param>
/// <param name="Max">The longest pause. A <paramref name="First"/> that is longer wins.</param>
public readonly record struct Backoff(TimeSpan First, TimeSpan Max)
{
    /// <summary>2³⁰ times a microsecond is already a quarter of an hour; more doublings could leave the range of a <see cref="TimeSpan"/>.</summary>
    private const int DoublingsMax = 30;

    /// <param name="failures">How often it has failed, at least 1.</param>
    public TimeSpan Pause(int failures) => Pause(failures, Random.Shared.NextDouble());

    /// <inheritdoc cref="Pause(int)"/>
    /// <param name="chance">0 for the whole pause, towards 1 for half of it.</param>
    public TimeSpan Pause(int failures, double chance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var longest = Math.Max(First.Ticks, Max.Ticks);
        var doubled = (Int128)First.Ticks << Math.Min(failures - 1, DoublingsMax);
        return TimeSpan.FromTicks((long)Int128.Min(doubled, longest)) * (1 - (chance / 2));
    }
}
