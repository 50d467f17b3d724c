namespace Tieout.Analysis.Why;

/// <summary>Input tokens of an attempt that so many per cent stay below.</summary>
public readonly record struct TokenSpread(double P5, double P50, double P95);

/// <summary>What the figures of a segment look like, beside what they add up to.</summary>
/// <param name="UsersExpected">Distinct users of as long a time; null: not known.</param>
/// <param name="InputExpected">Null: no attempt used tokens.</param>
/// <param name="InputRamp">Input tokens of an attempt in the last third of the time since the onset, as a multiple of those in the first.</param>
public sealed record SegmentShape(double? UsersExpected, double? UsersActual, TokenSpread? InputExpected, TokenSpread? InputActual, double InputRamp)
{
    public static SegmentShape Unknown { get; } = new(null, null, null, null, 1);
}
