namespace Tieout.Analysis.Change;

/// <summary>Splits the change of a product of factors into one effect for each factor: its Shapley value.</summary>
/// <remarks>
/// The effect of a factor is its change times the mean of the product of all others on the straight way from the first values to the second (Owen's multilinear
/// extension on the diagonal). That mean is an integral of a polynomial, one degree below the number of factors, which four nodes of Gauss and Legendre give
/// exactly up to degree 7. No factor comes first, so no order decides; zeros and negative values are values like others; and an effect is linear in the
/// change of its factor, so that a factor that is a sum can be split further.
/// </remarks>
internal static class FactorProduct
{
    public const int FactorsMax = 8;

    private static readonly double[] Nodes = [0.06943184420297371, 0.33000947820757187, 0.6699905217924281, 0.9305681557970263];

    private static readonly double[] Weights = [0.17392742256872692, 0.32607257743127307, 0.32607257743127307, 0.17392742256872692];

    /// <param name="before">At most <see cref="FactorsMax"/>.</param>
    /// <param name="effects">As many: the effect of each is added to it.</param>
    public static void AddEffects(ReadOnlySpan<double> before, ReadOnlySpan<double> after, Span<double> effects)
    {
        if (before.Length is > FactorsMax || before.Length != after.Length || before.Length != effects.Length)
        {
            throw new ArgumentException($"A product has at most {FactorsMax} factors, each with two values and an effect.", nameof(before));
        }

        Span<double> at = stackalloc double[FactorsMax];
        for (var node = 0; node < Nodes.Length; node++)
        {
            for (var i = 0; i < before.Length; i++) at[i] = before[i] + Nodes[node] * (after[i] - before[i]);
            for (var i = 0; i < before.Length; i++)
            {
                var others = Weights[node];
                for (var j = 0; j < before.Length; j++)
                {
                    if (j != i) others *= at[j];
                }

                effects[i] += (after[i] - before[i]) * others;
            }
        }
    }
}
