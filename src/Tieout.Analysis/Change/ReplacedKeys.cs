using System.Collections.Immutable;

namespace Tieout.Analysis.Change;

/// <summary>Joins the leaves of a key that was replaced by another: what stopped under one name and began under the other is no new caller.</summary>
internal static class ReplacedKeys
{
    private const string Key = "key";

    /// <summary>A key with less than this part of the requests it should have had has stopped.</summary>
    private const double StoppedMax = 0.05;

    /// <summary>Where another key is altogether new: the old one may have stopped within the compared hours.</summary>
    private const double StoppingMax = 0.5;

    public static IReadOnlyList<CostLeaf> Join(IReadOnlyList<CostLeaf> leaves, ImmutableArray<string> dimensions)
    {
        var key = dimensions.IndexOf(Key);
        if (key < 0) return leaves;
        var replaced = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var callers in Callers(leaves, key)) Find(callers, key, replaced);
        if (replaced.Count == 0) return leaves;

        var joined = new Dictionary<string, CostLeaf>(StringComparer.Ordinal);
        foreach (var leaf in leaves)
        {
            var values = replaced.TryGetValue(NameOf(leaf.Values), out var to) ? leaf.Values.SetItem(key, to) : leaf.Values;
            var name = $"{NameOf(values)}\u001f{leaf.Trigger}";
            joined[name] = joined.TryGetValue(name, out var other)
                ? other with { Expected = LeafFigures.Sum(other.Expected, leaf.Expected), Actual = LeafFigures.Sum(other.Actual, leaf.Actual) }
                : leaf with { Values = values };
        }

        return [.. joined.Values];
    }

    /// <summary>Leaves that differ in key and trigger alone.</summary>
    private static List<List<CostLeaf>> Callers(IReadOnlyList<CostLeaf> leaves, int key)
    {
        var (sets, callers) = (new LabelSets(), new List<List<CostLeaf>>());
        foreach (var leaf in leaves)
        {
            var no = sets.Of(leaf.Values.SetItem(key, null));
            if (no == callers.Count) callers.Add([]);
            callers[no].Add(leaf);
        }

        return callers;
    }

    /// <param name="callers">Leaves that differ in key and trigger alone.</param>
    /// <param name="replaced">By the values of a key that stopped: the key in its place.</param>
    private static void Find(List<CostLeaf> callers, int key, Dictionary<string, string?> replaced)
    {
        if (callers.TrueForAll(leaf => leaf.Values[key] == callers[0].Values[key])) return;
        var keys = callers.GroupBy(leaf => leaf.Values[key]).Select(own => (Key: own.Key, own.First().Values,
            Expected: own.Sum(leaf => leaf.Expected.Attempts), Actual: own.Sum(leaf => leaf.Actual.Attempts))).ToList();
        if (keys.Count < 2) return;
        var next = keys.MaxBy(each => each.Actual - each.Expected);
        if (next.Actual <= next.Expected) return;
        foreach (var old in keys)
        {
            if (old.Key != next.Key && old.Actual < (next.Expected == 0 ? StoppingMax : StoppedMax) * old.Expected) replaced[NameOf(old.Values)] = next.Key;
        }
    }

    private static string NameOf(ImmutableArray<string?> values) => string.Join('\u001f', values.Select(value => value ?? "\u001e"));
}
