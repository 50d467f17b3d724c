namespace Tieout.Core.Runtime;

/// <summary>A time in which a component was active with nothing about it changing: what one usage record is made of.</summary>
/// <param name="Component">Its place in <see cref="RuntimeInstance.Components"/>.</param>
/// <param name="From">Whole seconds since 1970-01-01 UTC.</param>
/// <param name="To">Not included.</param>
public readonly record struct Stretch(int Component, long From, long To, int Replicas, string? Mode)
{
    public long Seconds => To - From;
}
