using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Tieout.Analysis.Change;

namespace Tieout.Analysis.Where;

/// <summary>Finds where an effect is: the few segments of at most three dimensions that hold most of it and little else.</summary>
/// <remarks>
/// Every group of up to three dimensions is looked at. It stands out if <c>(coverage − share) / (1 − share)</c> is a half or more: of what lies beyond its
/// share, how much it covers. So a provider that was most of the cost can still be the culprit, and a large tenant is none for growing as all do. Of those that
/// stand out the one is taken with the largest square of its effect by its weight, a scan statistic: a part that rises at least half as much as the segment
/// belongs to it, and a part that rises less does not. Effects add up over leaves, so ratios such as tokens for each request need no formulas of their own.
/// </remarks>
public static class SegmentSearch
{
    /// <summary>Of what rises beyond its share of the expected cost, a segment has at least this part; otherwise the effect is broad.</summary>
    private const double BeyondShareMin = 0.5;

    /// <summary>What each further dimension costs of the score, so that a shorter name wins over one that says hardly more.</summary>
    private const double DimensionCost = 0.01;

    private const double UnexplainedMax = 0.2;

    private const int SegmentsMax = 3;

    /// <param name="effect">Which effect.</param>
    /// <returns>The largest first; empty: the effect is broad, or there is none.</returns>
    public static IReadOnlyList<Segment> Find(CostChange change, Func<CostParts, Int128> effect) => Find(change.Leaves, change.Dimensions, effect);

    internal static IReadOnlyList<Segment> Find(IReadOnlyList<LeafChange> leaves, ImmutableArray<string> dimensions, Func<CostParts, Int128> effect)
    {
        var field = EffectField.Of(leaves, dimensions, effect);
        var rising = field.Effects.Where(each => each > 0).Sum();
        var (found, isOut) = (new List<Segment>(), new bool[leaves.Count]);
        for (var left = rising; found.Count < SegmentsMax && left > rising * UnexplainedMax;)
        {
            if (Best(field, isOut, left) is not { } chosen) break;
            found.Add(Segment(field, chosen, leaves, effect, isOut, rising));
            left = 0;
            for (var i = 0; i < leaves.Count; i++)
            {
                if (chosen.Contains(field, i)) isOut[i] = true;
                else if (!isOut[i] && field.Effects[i] > 0) left += field.Effects[i];
            }
        }

        return found;
    }

    private static Segment Segment(
        EffectField field, Group group, IReadOnlyList<LeafChange> leaves, Func<CostParts, Int128> effect, bool[] isOut, double rising)
    {
        Int128 sum = 0;
        for (var i = 0; i < leaves.Count; i++)
        {
            if (!isOut[i] && group.Contains(field, i)) sum += effect(leaves[i].Parts);
        }

        var expected = field.Expected.Sum();
        return new(
            [.. group.Dimensions.Zip(group.Codes, field.Coordinate)], sum, (double)sum / rising, expected > 0 ? group.Expected / expected : 0);
    }

    /// <summary>Of the segments that stand out, the one with the best score; null: none stands out.</summary>
    private static Group? Best(EffectField field, bool[] isOut, double rising)
    {
        var (best, bestScore, expected) = ((Group?)null, 0d, field.Expected.Sum());
        foreach (var dimensions in Combinations(field))
        {
            foreach (var sums in Sums(field, dimensions, isOut))
            {
                if (!StandsOut(sums.Effect / rising, expected > 0 ? sums.Expected / expected : 0)) continue;
                var score = sums.Effect * sums.Effect / Math.Max(sums.Weight, double.Epsilon) * (1 - DimensionCost * dimensions.Length);
                if (score <= bestScore) continue;
                (best, bestScore) = (new(dimensions, [.. dimensions.Select(dimension => field.Codes[dimension][sums.First])], sums.Expected), score);
            }
        }

        return best;
    }

    private static bool StandsOut(double coverage, double share) => share < 1 && (Math.Min(1, coverage) - share) / (1 - share) >= BeyondShareMin;

    private static Dictionary<long, GroupSums>.ValueCollection Sums(EffectField field, int[] dimensions, bool[] isOut)
    {
        var sums = new Dictionary<long, GroupSums>();
        for (var i = 0; i < isOut.Length; i++)
        {
            if (isOut[i]) continue;
            var key = 0L;
            foreach (var dimension in dimensions) key = key * field.Values(dimension) + field.Codes[dimension][i];
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out var isKnown);
            sum = new(sum.Effect + field.Effects[i], sum.Weight + field.Weights[i], sum.Expected + field.Expected[i], isKnown ? sum.First : i);
        }

        return sums.Values;
    }

    /// <summary>One, two and three dimensions; those with one value tell nothing apart.</summary>
    private static IEnumerable<int[]> Combinations(EffectField field)
    {
        int[] telling = [.. Enumerable.Range(0, field.Dimensions.Length).Where(dimension => field.Values(dimension) > 1)];
        for (var a = 0; a < telling.Length; a++) yield return [telling[a]];
        for (var a = 0; a < telling.Length; a++)
        {
            for (var b = a + 1; b < telling.Length; b++) yield return [telling[a], telling[b]];
        }

        for (var a = 0; a < telling.Length; a++)
        {
            for (var b = a + 1; b < telling.Length; b++)
            {
                for (var c = b + 1; c < telling.Length; c++) yield return [telling[a], telling[b], telling[c]];
            }
        }
    }

    private readonly record struct GroupSums(double Effect, double Weight, double Expected, int First);

    private sealed record Group(int[] Dimensions, int[] Codes, double Expected)
    {
        public bool Contains(EffectField field, int leaf)
        {
            for (var i = 0; i < Dimensions.Length; i++)
            {
                if (field.Codes[Dimensions[i]][leaf] != Codes[i]) return false;
            }

            return true;
        }
    }
}
