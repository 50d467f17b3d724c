using HdrHistogram;

namespace Tieout.Simulator.Replay;

/// <summary>Counts durations: any number of them in some 250 KB, each to one part in a thousand.</summary>
/// <remarks>Safe to add to from many threads. A figure read while other threads add is that of some moment.</remarks>
public sealed class LatencyHistogram
{
    private const int SignificantDigits = 3;

    /// <summary>A longer duration counts as this one: 2^38 µs, three days.</summary>
    private const long MicrosMax = (1L << 38) - 1;

    private readonly LongConcurrentHistogram _micros = new(1, MicrosMax, SignificantDigits);

    public long Count => _micros.TotalCount;

    public void Add(TimeSpan duration) => _micros.RecordValue(Math.Clamp(duration.Ticks / TimeSpan.TicksPerMicrosecond, 0, MicrosMax));

    /// <summary>A duration that the given share does not exceed, at most one part in a thousand too high; zero when nothing was added.</summary>
    /// <param name="perMille">500 for the median, 990 for p99.</param>
    public TimeSpan Quantile(int perMille)
    {
        var total = _micros.TotalCount;
        if (total == 0) return TimeSpan.Zero;

        // The library rounds a percentile to the nearest rank, which may lie below it. The percentile of the rank itself leads to that rank.
        var rank = Math.Max(1, (total * perMille + 999) / 1000);
        return TimeSpan.FromMicroseconds(_micros.GetValueAtPercentile(100d * rank / total));
    }

    /// <inheritdoc cref="Quantile"/>
    public decimal QuantileMs(int perMille) => (decimal)Quantile(perMille).Ticks / TimeSpan.TicksPerMillisecond;
}
