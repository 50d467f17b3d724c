using System.Diagnostics;

namespace Tieout.Simulator.Replay;

/// <summary>Traffic in the shape of the Azure LLM inference trace 2023 (code), for where that file is not at hand.</summary>
/// <remarks>
/// Every row takes one of <c>count</c> evenly spaced quantiles of each distribution, in an order shuffled by the seed. So
/// any seed has the trace's totals and quantiles, and only the order differs. Gaps, context and generated tokens are
/// shuffled apart: in the trace the two token counts are uncorrelated (r = 0.001). Shuffled gaps keep its bursts: of its
/// seconds 73 % are empty, and the variance of arrivals per second is some 9 times their mean (13 in the trace itself,
/// whose bursts also follow one another).
/// </remarks>
public static class SyntheticHour
{
    /// <summary>Rows of the trace: 8,819 requests in 57 minutes, 2.57 a second on average.</summary>
    public const int RowsOfTrace = 8_819;

    /// <summary>Shares of the rows, in ten-thousandths, for which the tables give the value that is not exceeded.</summary>
    private static readonly int[] Shares =
        [0, 100, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 8_500, 9_000, 9_500, 9_800, 9_900, 9_950, 9_970, 9_980, 9_990, 9_995, 10_000];

    // The three tables are measured from AzureLLMInferenceTrace_code.csv of Azure/AzurePublicDataset (CC-BY-4.0),
    // 2023-11-16 18:17:03 to 19:14:19 UTC, all 8,819 rows, nearest rank.

    /// <summary>Microseconds from one arrival to the next.</summary>
    private static readonly int[] GapMicros =
        [6, 22, 88, 209, 1_184, 3_292, 15_117, 63_784, 94_988, 100_130, 160_092, 198_814, 272_778, 400_764, 798_791, 2_205_167, 10_124_387, 28_090_834,
            40_301_603, 78_444_134, 138_720_782, 217_168_952];

    private static readonly int[] ContextTokens =
        [3, 17, 75, 147, 386, 770, 1_075, 1_469, 1_909, 2_433, 3_192, 3_919, 5_186, 7_302, 7_436, 7_436, 7_436, 7_436, 7_436, 7_437, 7_437, 7_437];

    private static readonly int[] GeneratedTokens =
        [6, 6, 6, 7, 8, 9, 11, 13, 16, 20, 29, 39, 55, 90, 172, 252, 361, 519, 666, 824, 895, 1_899];

    /// <param name="seed">Same seed and count, same rows, on every machine.</param>
    /// <param name="count">Rows wanted, one or more. Fewer rows are a shorter time at the same rate, not a thinner hour.</param>
    public static IReadOnlyList<TraceRow> Rows(int seed = 1, int count = RowsOfTrace)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var random = new Random(seed);
        var gaps = Shuffled(GapMicros, count, random);
        var context = Shuffled(ContextTokens, count, random);
        var generated = Shuffled(GeneratedTokens, count, random);

        var rows = new TraceRow[count];
        var offset = TimeSpan.Zero;
        for (var i = 0; i < count; i++)
        {
            rows[i] = new(offset, context[i], generated[i]);
            offset += TimeSpan.FromMicroseconds(gaps[i]);
        }

        return rows;
    }

    private static int[] Shuffled(int[] table, int count, Random random)
    {
        // The middle of each of count equal slices of the distribution.
        var values = Enumerable.Range(0, count).Select(slice => Quantile(table, (2L * slice + 1) * 5_000 / count)).ToArray();
        random.Shuffle(values);
        return values;
    }

    /// <summary>Straight lines between the points of a table, rounded down.</summary>
    /// <param name="share">In ten-thousandths.</param>
    private static int Quantile(int[] table, long share)
    {
        for (var i = 1; i < Shares.Length; i++)
        {
            if (share > Shares[i]) continue;
            var (low, high) = (table[i - 1], table[i]);
            return (int)(low + (long)(high - low) * (share - Shares[i - 1]) / (Shares[i] - Shares[i - 1]));
        }

        throw new UnreachableException($"A share of {share} ten-thousandths.");
    }
}
