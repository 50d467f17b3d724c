using System.Numerics;

namespace Tieout.Core.Ledger.Sketches;

/// <summary>The buckets that counts of tokens fall into: 64 to each doubling, as in a logarithmic histogram, but cut in whole numbers.</summary>
/// <remarks>
/// Counts below 128 have a bucket each. Above, a bucket that begins at <c>b</c> is at most <c>b / 64</c> wide and is shown by its middle, so what is shown
/// differs from each count in the bucket by at most 1/128 of that count (0.79 %). The numbers of buckets are stored and never change.
/// </remarks>
public static class TokenBuckets
{
    /// <summary>What is shown differs from a count by at most the count divided by this.</summary>
    public const int ErrorDivisor = 128;

    private const int StepBits = 6;

    private const int Steps = 1 << StepBits;

    /// <summary>The bucket of the largest count, 2^63 − 1.</summary>
    public static int Last { get; } = Of(long.MaxValue);

    /// <param name="tokens">Zero or more.</param>
    public static int Of(long tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (tokens < 2 * Steps) return (int)tokens;
        var shift = BitOperations.Log2((ulong)tokens) - StepBits;
        return (shift << StepBits) + (int)(tokens >> shift);
    }

    /// <summary>The count that a bucket is shown as: its middle, rounded down.</summary>
    /// <param name="bucket">From 0 to <see cref="Last"/>.</param>
    public static long Middle(int bucket)
    {
        if (bucket < 2 * Steps) return bucket;
        var shift = (bucket >> StepBits) - 1;
        var (first, width) = ((long)(bucket - (shift << StepBits)) << shift, 1L << shift);
        return first + (width - 1) / 2;
    }
}
