using System.Collections.Immutable;
using Tieout.Analysis.Change;

namespace Tieout.Analysis.Where;

/// <summary>An effect and a weight for each leaf, whose values are numbers within their dimension.</summary>
internal sealed class EffectField
{
    private readonly string?[][] _names;

    private EffectField(int leaves, ImmutableArray<string> dimensions)
    {
        (Dimensions, Effects, Expected, Weights) = (dimensions, new double[leaves], new double[leaves], new double[leaves]);
        Codes = [.. dimensions.Select(_ => new int[leaves])];
        _names = new string?[dimensions.Length][];
    }

    public ImmutableArray<string> Dimensions { get; }

    public double[] Effects { get; }

    public double[] Expected { get; }

    /// <summary>The mean of what was expected and what was: a leaf that is new has a weight, too.</summary>
    public double[] Weights { get; }

    /// <summary>By dimension, then by leaf.</summary>
    public int[][] Codes { get; }

    public static EffectField Of(IReadOnlyList<LeafChange> leaves, ImmutableArray<string> dimensions, Func<CostParts, Int128> effect)
    {
        var field = new EffectField(leaves.Count, dimensions);
        for (var i = 0; i < leaves.Count; i++)
        {
            field.Effects[i] = (double)effect(leaves[i].Parts);
            field.Expected[i] = (double)leaves[i].Leaf.Expected.Cost;
            field.Weights[i] = (Math.Abs(field.Expected[i]) + Math.Abs((double)leaves[i].Leaf.Actual.Cost)) / 2;
        }

        for (var d = 0; d < dimensions.Length; d++) field._names[d] = Encode(leaves, d, field.Codes[d]);
        return field;
    }

    public int Values(int dimension) => _names[dimension].Length;

    public Coordinate Coordinate(int dimension, int code) => new(Dimensions[dimension], _names[dimension][code]);

    private static string?[] Encode(IReadOnlyList<LeafChange> leaves, int dimension, int[] codes)
    {
        // Null cannot be a key; no name is empty.
        var (known, names) = (new Dictionary<string, int>(StringComparer.Ordinal), new List<string?>());
        for (var i = 0; i < leaves.Count; i++)
        {
            var name = leaves[i].Leaf.Values[dimension];
            if (!known.TryGetValue(name ?? "", out var code))
            {
                known.Add(name ?? "", code = names.Count);
                names.Add(name);
            }

            codes[i] = code;
        }

        return [.. names];
    }
}
