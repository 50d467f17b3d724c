using System.Numerics;

namespace Tieout.Server.Replay;

/// <summary>Counts durations in buckets that grow with them: any number of durations in 20 KB, each kept to 1/64 of itself.</summary>
/// <remarks>Safe to add to from many threads. What is read while others add is some moment's figure.</remarks>
public sealed class LatencyHistogram
{
    /// <summary>Each power of two is cut into 2^6 buckets.</summary>
    private const int SubBits = 6;

    /// <summary>Longer ones count as this: 2^38 µs, three days.</summary>
    private const long MicrosMax = (1L << 38) - 1;

    private readonly long[] _counts = new long[BucketOf(MicrosMax) + 1];

    public void Add(TimeSpan duration) =>
        Interlocked.Increment(ref _counts[BucketOf(Math.Clamp(duration.Ticks / TimeSpan.TicksPerMicrosecond, 0, MicrosMax))]);

    /// <summary>The upper bound of the bucket in which the quantile lies; zero when nothing was added.</summary>
    /// <param name="perMille">500 for the median, 990 for p99.</param>
    public TimeSpan Quantile(int perMille)
    {
        var total = _counts.Sum();
        var rank = Math.Max(1, (total * perMille + 999) / 1000);
        for (var (bucket, below) = (0, 0L); bucket < _counts.Length; bucket++)
        {
            below += _counts[bucket];
            if (total > 0 && below >= rank) return TimeSpan.FromMicroseconds(UpperBound(bucket));
        }

        return TimeSpan.Zero;
    }

    /// <summary>Below 2^7 a bucket is one microsecond; above, the seven highest bits choose it.</summary>
    private static int BucketOf(long micros)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)micros | 1) - SubBits);
        return (shift << SubBits) + (int)(micros >> shift);
    }

    private static long UpperBound(int bucket)
    {
        var shift = Math.Max(0, (bucket >> SubBits) - 1);
        return (((bucket - ((long)shift << SubBits)) + 1) << shift) - 1;
    }
}
