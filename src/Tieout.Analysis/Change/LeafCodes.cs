using System.Collections.Immutable;

namespace Tieout.Analysis.Change;

/// <summary>The values of leaves as numbers within their dimension. Leaves that differ in their trigger alone have the same place: they are one set of
/// values.</summary>
internal sealed class LeafCodes
{
    private readonly string?[][] _names;

    private LeafCodes(ImmutableArray<string> dimensions, int[] sets, LabelSets known)
    {
        (Dimensions, Sets, Count) = (dimensions, sets, known.Count);
        Codes = [.. dimensions.Select(_ => new int[known.Count])];
        _names = [.. dimensions.Select((_, d) => Encode(known, d, Codes[d]))];
        Combinations = [.. Combine()];
    }

    public ImmutableArray<string> Dimensions { get; }

    /// <summary>The number of its set of values, by leaf.</summary>
    public int[] Sets { get; }

    /// <summary>How many sets of values there are.</summary>
    public int Count { get; }

    /// <summary>By dimension, then by set.</summary>
    public int[][] Codes { get; }

    /// <summary>One, two and three dimensions that tell sets apart. Where a value of one says that of another, as a key says its org, both together are
    /// the same groups as the one by itself, under a longer name.</summary>
    public ImmutableArray<int[]> Combinations { get; }

    public static LeafCodes Of(IReadOnlyList<LeafChange> leaves, ImmutableArray<string> dimensions)
    {
        var (known, sets) = (new LabelSets(), new int[leaves.Count]);
        for (var i = 0; i < leaves.Count; i++) sets[i] = known.Of(leaves[i].Leaf.Values);
        return new(dimensions, sets, known);
    }

    public int Values(int dimension) => _names[dimension].Length;

    public string? Name(int dimension, int code) => _names[dimension][code];

    private static string?[] Encode(LabelSets sets, int dimension, int[] codes)
    {
        // Null cannot be a key; no name is empty.
        var (known, names) = (new Dictionary<string, int>(StringComparer.Ordinal), new List<string?>());
        for (var set = 0; set < codes.Length; set++)
        {
            var name = sets[set][dimension];
            if (!known.TryGetValue(name ?? "", out var code))
            {
                known.Add(name ?? "", code = names.Count);
                names.Add(name);
            }

            codes[set] = code;
        }

        return [.. names];
    }

    private IEnumerable<int[]> Combine()
    {
        int[] telling = [.. Enumerable.Range(0, Dimensions.Length).Where(dimension => Values(dimension) > 1)];
        var isSaid = new bool[Dimensions.Length, Dimensions.Length];
        foreach (var a in telling)
        {
            foreach (var b in telling) isSaid[a, b] = a != b && Says(a, b);
        }

        bool AreApart(int a, int b) => !isSaid[a, b] && !isSaid[b, a];
        foreach (var a in telling) yield return [a];
        foreach (var a in telling)
        {
            foreach (var b in telling.Where(b => b > a && AreApart(a, b))) yield return [a, b];
        }

        foreach (var a in telling)
        {
            foreach (var b in telling.Where(b => b > a && AreApart(a, b)))
            {
                foreach (var c in telling.Where(c => c > b && AreApart(a, c) && AreApart(b, c))) yield return [a, b, c];
            }
        }
    }

    /// <summary>Whether each value of the first dimension is with one value of the second only.</summary>
    private bool Says(int first, int second)
    {
        var said = new int[Values(first)];
        for (var set = 0; set < Count; set++)
        {
            ref var known = ref said[Codes[first][set]];
            if (known != 0 && known != Codes[second][set] + 1) return false;
            known = Codes[second][set] + 1;
        }

        return true;
    }
}
