using System.Runtime.InteropServices;
using Tieout.Analysis.Change;

namespace Tieout.Analysis.Where;

/// <summary>Finds where an effect is: the few segments of at most three dimensions that hold most of it and had little of the expected cost.</summary>
/// <remarks>
/// Every group of up to three dimensions is looked at. A segment scores <c>(coverage − share) / (1 − share)</c>: of what lies beyond its share, how much it
/// covers. So a provider that was most of the cost can still be the culprit, and a large tenant is none for growing as all do. Effects add up over leaves, so
/// ratios such as tokens for each request need no formulas of their own.
/// </remarks>
public static class SegmentSearch
{
    /// <summary>Below this the effect is broad: no segment stands out.</summary>
    private const double ScoreMin = 0.5;

    /// <summary>What each further dimension costs, so that a shorter name wins over one that says no more.</summary>
    private const double DimensionCost = 0.04;

    /// <summary>A part of a segment takes its place if it keeps so much of its effect and has at most so much of its share.</summary>
    private const double KeptMin = 0.85;

    private const double SharePartMax = 0.6;

    private const double UnexplainedMax = 0.2;

    /// <summary>Scores that differ by less are alike.</summary>
    private const double AlikeMax = 0.02;

    private const int SegmentsMax = 3;

    /// <param name="effect">Which effect.</param>
    /// <returns>The largest first; empty: the effect is broad, or there is none.</returns>
    public static IReadOnlyList<Segment> Find(CostChange change, Func<CostParts, Int128> effect)
    {
        var leaves = change.Leaves;
        var field = EffectField.Of(leaves, change.Dimensions, effect);
        var (rising, expected) = (field.Effects.Where(each => each > 0).Sum(), field.Expected.Sum());
        var (found, isOut) = (new List<Segment>(), new bool[leaves.Count]);
        for (var left = rising; found.Count < SegmentsMax && left > rising * UnexplainedMax;)
        {
            var groups = Groups(field, isOut, left, expected);
            if (Best(groups) is not { } best || best.Score < ScoreMin) break;
            var chosen = Shortest(Specialised(best, groups), groups);
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

        return new([.. group.Dimensions.Zip(group.Codes, field.Coordinate)], sum, (double)sum / rising, group.Share);
    }

    private static List<Group> Groups(EffectField field, bool[] isOut, double rising, double expected)
    {
        var groups = new List<Group>();
        foreach (var dimensions in Combinations(field))
        {
            var sums = new Dictionary<long, (double Effect, double Expected, int Leaves, int First)>();
            for (var i = 0; i < isOut.Length; i++)
            {
                if (isOut[i]) continue;
                var key = 0L;
                foreach (var dimension in dimensions) key = key * field.Values(dimension) + field.Codes[dimension][i];
                ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out var isKnown);
                sum = (sum.Effect + field.Effects[i], sum.Expected + field.Expected[i], sum.Leaves + 1, isKnown ? sum.First : i);
            }

            foreach (var (effect, cost, leaves, first) in sums.Values)
            {
                if (effect <= 0) continue;
                int[] codes = [.. dimensions.Select(dimension => field.Codes[dimension][first])];
                groups.Add(new(dimensions, codes, effect / rising, expected > 0 ? cost / expected : 0, leaves, first));
            }
        }

        return groups;
    }

    /// <summary>One, two and three dimensions; those with one value tell nothing apart.</summary>
    private static IEnumerable<int[]> Combinations(EffectField field)
    {
        int[] telling = [.. Enumerable.Range(0, field.Dimensions.Length).Where(dimension => field.Values(dimension) > 1)];
        for (var a = 0; a < telling.Length; a++)
        {
            yield return [telling[a]];
            for (var b = a + 1; b < telling.Length; b++)
            {
                yield return [telling[a], telling[b]];
                for (var c = b + 1; c < telling.Length; c++) yield return [telling[a], telling[b], telling[c]];
            }
        }
    }

    /// <summary>The best score; of those nearly as good, the one that had the least before. An effect that fills a model fills its provider, too.</summary>
    private static Group? Best(List<Group> groups)
    {
        var best = groups.MaxBy(group => group.Score);
        return best is null ? null : groups.Where(group => group.Dimensions.Length == best.Dimensions.Length && group.Score > best.Score - AlikeMax)
            .MinBy(group => group.Share);
    }

    /// <summary>The smallest part of a segment that holds nearly all of its effect.</summary>
    private static Group Specialised(Group group, List<Group> groups)
    {
        // What had no cost before cannot be narrowed by what it had.
        while (group.Share > 0)
        {
            var narrower = groups
                .Where(part => part.Dimensions.Length == group.Dimensions.Length + 1 && part.IsWithin(group) && part.Leaves < group.Leaves
                    && part.Coverage >= group.Coverage * KeptMin && part.Share <= group.Share * SharePartMax)
                .MaxBy(part => part.Score);
            if (narrower is null) return group;
            group = narrower;
        }

        return group;
    }

    /// <summary>The shortest name of the same leaves.</summary>
    private static Group Shortest(Group group, List<Group> groups) =>
        groups.Where(other => other.IsSameAs(group)).MinBy(other => other.Dimensions.Length) ?? group;

    private sealed record Group(int[] Dimensions, int[] Codes, double Coverage, double Share, int Leaves, int First)
    {
        public double Score { get; } = Share >= 1 ? double.NegativeInfinity
            : (Math.Min(1, Coverage) - Share) / (1 - Share) - DimensionCost * (Dimensions.Length - 1);

        public bool Contains(EffectField field, int leaf)
        {
            for (var i = 0; i < Dimensions.Length; i++)
            {
                if (field.Codes[Dimensions[i]][leaf] != Codes[i]) return false;
            }

            return true;
        }

        /// <summary>Whether both have the same leaves: as many, from the same one on, with the same sums.</summary>
        public bool IsSameAs(Group other) => Leaves == other.Leaves && First == other.First && Coverage == other.Coverage && Share == other.Share;

        public bool IsWithin(Group other)
        {
            for (var i = 0; i < other.Dimensions.Length; i++)
            {
                var at = Array.IndexOf(Dimensions, other.Dimensions[i]);
                if (at < 0 || Codes[at] != other.Codes[i]) return false;
            }

            return true;
        }
    }
}
