namespace Tieout.Simulator.Traffic;

/// <summary>Token counts of single requests, drawn from the quantiles of a public trace and scaled.</summary>
/// <remarks>
/// The tables are nearest ranks of the Azure LLM inference trace 2023 (code; CC-BY-4.0) and of the synthetic Mooncake trace (Apache-2.0):
/// short answers to medium prompts, and long prompts of agents. Both have tails of 5 to 15 times their mean.
/// </remarks>
internal sealed class TokenSizes
{
    private const int Steps = 1_024;

    private static readonly int[] Shares =
        [0, 100, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 8_500, 9_000, 9_500, 9_800, 9_900, 9_950, 9_970, 9_980, 9_990, 9_995, 10_000];

    public static readonly TokenSizes CodeContext = new(
        [3, 17, 75, 147, 386, 770, 1_075, 1_469, 1_909, 2_433, 3_192, 3_919, 5_186, 7_302, 7_436, 7_436, 7_436, 7_436, 7_436, 7_437, 7_437, 7_437]);

    public static readonly TokenSizes CodeAnswer = new(
        [6, 6, 6, 7, 8, 9, 11, 13, 16, 20, 29, 39, 55, 90, 172, 252, 361, 519, 666, 824, 895, 1_899]);

    public static readonly TokenSizes AgentContext = new(
        [13, 16, 22, 30, 88, 912, 4_365, 11_587, 16_289, 19_411, 28_430, 34_376, 38_615, 49_009, 56_631, 66_458, 76_328, 91_675, 191_371, 191_374, 191_378,
            191_378]);

    public static readonly TokenSizes AgentAnswer = new(
        [1, 2, 2, 4, 8, 16, 32, 69, 126, 211, 289, 333, 389, 519, 693, 769, 782, 791, 800, 825, 842, 893]);

    private readonly float[] _quantiles = new float[Steps];

    private TokenSizes(int[] table)
    {
        for (var step = 0; step < Steps; step++)
        {
            _quantiles[step] = (float)Quantile(table, (step + 0.5) * 10_000 / Steps);
            Mean += _quantiles[step] / Steps;
        }
    }

    public double Mean { get; }

    /// <summary>A draw, with the mean of the trace.</summary>
    public double Draw(TrafficRandom random) => _quantiles[(int)(random.Bits() >> 54)];

    private static double Quantile(int[] table, double share)
    {
        var i = 1;
        while (Shares[i] < share) i++;
        return table[i - 1] + (table[i] - table[i - 1]) * (share - Shares[i - 1]) / (Shares[i] - Shares[i - 1]);
    }
}
