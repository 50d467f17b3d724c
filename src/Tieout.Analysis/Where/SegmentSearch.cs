using System.Collections.Immutable;
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
    public static IReadOnlyList<Segment> Find(CostChange change, Func<CostParts, Int128> effect) => Find(EffectField.Of(change.Leaves, change.Codes, effect));

    internal static IReadOnlyList<Segment> Find(IReadOnlyList<LeafChange> leaves, ImmutableArray<string> dimensions, Func<CostParts, Int128> effect) =>
        Find(EffectField.Of(leaves, LeafCodes.Of(leaves, dimensions), effect));

    private static List<Segment> Find(EffectField field)
    {
        var rising = field.Rising.Sum();
        var (found, isOut, table) = (new List<Segment>(), new bool[field.Count], new GroupTable(field));
        for (var left = rising; found.Count < SegmentsMax && left > rising * UnexplainedMax;)
        {
            if (Best(field, table, isOut, left) is not { } chosen) break;
            found.Add(Segment(field, chosen, isOut, rising));
            left = 0;
            for (var set = 0; set < field.Count; set++)
            {
                if (chosen.Contains(field, set)) isOut[set] = true;
                else if (!isOut[set]) left += field.Rising[set];
            }
        }

        return found;
    }

    private static Segment Segment(EffectField field, Group group, bool[] isOut, double rising)
    {
        Int128 sum = 0;
        for (var set = 0; set < field.Count; set++)
        {
            if (!isOut[set] && group.Contains(field, set)) sum += field.Exact[set];
        }

        var expected = field.Expected.Sum();
        return new(
            [.. group.Dimensions.Zip(group.Codes, (dimension, code) => new Coordinate(field.Codes.Dimensions[dimension], field.Codes.Name(dimension, code)))],
            sum, (double)sum / rising, expected > 0 ? group.Expected / expected : 0);
    }

    /// <summary>Of the segments that stand out, the one with the best score; null: none stands out.</summary>
    private static Group? Best(EffectField field, GroupTable table, bool[] isOut, double rising)
    {
        var (best, bestScore, expected) = ((Group?)null, 0d, field.Expected.Sum());
        foreach (var dimensions in field.Codes.Combinations)
        {
            foreach (var sums in table.Sum(dimensions, isOut))
            {
                if (!StandsOut(sums.Effect / rising, expected > 0 ? sums.Expected / expected : 0)) continue;
                var score = sums.Effect * sums.Effect / Math.Max(sums.Weight, double.Epsilon) * (1 - DimensionCost * dimensions.Length);
                if (score <= bestScore) continue;
                (best, bestScore) = (new(dimensions, [.. dimensions.Select(dimension => field.Codes.Codes[dimension][sums.First])], sums.Expected), score);
            }
        }

        return best;
    }

    private static bool StandsOut(double coverage, double share) => share < 1 && (Math.Min(1, coverage) - share) / (1 - share) >= BeyondShareMin;

    private sealed record Group(int[] Dimensions, int[] Codes, double Expected)
    {
        public bool Contains(EffectField field, int set)
        {
            for (var i = 0; i < Dimensions.Length; i++)
            {
                if (field.Codes.Codes[Dimensions[i]][set] != Codes[i]) return false;
            }

            return true;
        }
    }
}
