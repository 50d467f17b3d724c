using Tieout.Analysis.Change;

namespace Tieout.Analysis.Where;

/// <summary>An effect and a weight for each set of values.</summary>
internal sealed class EffectField
{
    private EffectField(LeafCodes codes)
    {
        Codes = codes;
        (Exact, Effects, Rising) = (new Int128[codes.Count], new double[codes.Count], new double[codes.Count]);
        (Expected, Weights) = (new double[codes.Count], new double[codes.Count]);
    }

    public LeafCodes Codes { get; }

    /// <summary>The effect, in nano-units.</summary>
    public Int128[] Exact { get; }

    public double[] Effects { get; }

    /// <summary>The effects of those leaves of a set that rise.</summary>
    public double[] Rising { get; }

    public double[] Expected { get; }

    /// <summary>The mean of what was expected and what was: a leaf that is new has a weight, too.</summary>
    public double[] Weights { get; }

    public int Count => Effects.Length;

    public static EffectField Of(IReadOnlyList<LeafChange> leaves, LeafCodes codes, Func<CostParts, Int128> effect)
    {
        var field = new EffectField(codes);
        for (var i = 0; i < leaves.Count; i++)
        {
            var (set, exact) = (codes.Sets[i], effect(leaves[i].Parts));
            var (change, expected, actual) = ((double)exact, (double)leaves[i].Leaf.Expected.Cost, (double)leaves[i].Leaf.Actual.Cost);
            field.Exact[set] += exact;
            field.Effects[set] += change;
            field.Rising[set] += Math.Max(0, change);
            field.Expected[set] += expected;
            field.Weights[set] += (Math.Abs(expected) + Math.Abs(actual)) / 2;
        }

        return field;
    }
}
