using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Tieout.Analysis.Change;

/// <summary>The parts of one leaf's change.</summary>
public sealed record LeafChange(CostLeaf Leaf, CostParts Parts);

/// <summary>A change of cost, split into parts by leaf. The parts of a leaf add up to its change, and those of all leaves to the change of all, in nano-units
/// (T1).</summary>
public sealed class CostChange
{
    private LeafCodes? _codes;

    private CostChange(IReadOnlyList<LeafChange> leaves, ImmutableArray<string> dimensions)
    {
        (Leaves, Dimensions) = (leaves, dimensions);
        var estimated = 0d;
        foreach (var leaf in leaves)
        {
            Expected += leaf.Leaf.Expected.Cost;
            Actual += leaf.Leaf.Actual.Cost;
            Parts.Add(leaf.Parts);
            estimated += leaf.Leaf.Expected.EstimatedCost + leaf.Leaf.Actual.EstimatedCost;
        }

        var cost = (double)(Expected + Actual);
        EstimatedPart = cost > 0 ? Math.Min(1, estimated / cost) : 0;
    }

    public IReadOnlyList<LeafChange> Leaves { get; }

    /// <summary>The names of the leaves' values, in their order.</summary>
    public ImmutableArray<string> Dimensions { get; }

    public Int128 Expected { get; }

    public Int128 Actual { get; }

    public CostParts Parts { get; } = new();

    /// <summary>The leaves' values as numbers, for searches.</summary>
    internal LeafCodes Codes => _codes ??= LeafCodes.Of(Leaves, Dimensions);

    /// <summary>The part of the cost of both periods that was split over sorts of tokens by typical relations. Sums are exact all the same.</summary>
    public double EstimatedPart { get; }

    /// <param name="leaves">No two of the same values and trigger.</param>
    /// <param name="dimensions">The names of their values; at most 10.</param>
    public static CostChange Of(IReadOnlyList<CostLeaf> leaves, ImmutableArray<string> dimensions)
    {
        var compared = Comparable(ReplacedKeys.Join(leaves, dimensions));
        var (before, after) = (Volume(compared, leaf => leaf.Expected), Volume(compared, leaf => leaf.Actual));
        var changes = compared.Select(leaf => new LeafChange(leaf, LeafEffects.Of(leaf, before, after))).ToList();
        CenterMix([.. changes.Where(change => change.Leaf.Class is AttemptClass.Primary)], before, after);
        return new(changes, dimensions);
    }

    /// <returns>Null: the leaf bears no such label.</returns>
    public string? ValueOf(CostLeaf leaf, string dimension) => leaf.Values[Dimensions.IndexOf(dimension)];

    /// <summary>Without primary requests in both periods there is nothing that others amplify: all attempts are taken for primary ones.</summary>
    private static IReadOnlyList<CostLeaf> Comparable(IReadOnlyList<CostLeaf> leaves) =>
        Volume(leaves, leaf => leaf.Expected) > 0 && Volume(leaves, leaf => leaf.Actual) > 0
            ? leaves : [.. leaves.Select(leaf => leaf with { Class = AttemptClass.Primary, Trigger = null })];

    private static double Volume(IReadOnlyList<CostLeaf> leaves, Func<CostLeaf, LeafFigures> of) =>
        leaves.Where(leaf => leaf.Class is AttemptClass.Primary).Sum(leaf => of(leaf).Attempts);

    /// <summary>Shares add up to one, so a leaf that grows as all do has moved no mix, however cheap or dear it is. The mean cost of a request that moved is
    /// taken out of each leaf's mix and put to its volume; over all leaves that is nothing, to the nano-unit.</summary>
    /// <param name="leaves">Of primary requests.</param>
    private static void CenterMix(List<LeafChange> leaves, double before, double after)
    {
        if (before == 0 || after == 0) return;
        var cost = leaves.Sum(leaf => ((double)leaf.Leaf.Expected.Cost + (double)leaf.Leaf.Actual.Cost) / 2);
        Int128 moved = 0;
        foreach (var (leaf, parts) in CollectionsMarshal.AsSpan(leaves))
        {
            var common = (Int128)Math.Round((leaf.Actual.Attempts / after - leaf.Expected.Attempts / before) * cost, MidpointRounding.ToEven);
            Move(parts, common);
            moved += common;
        }

        Move(leaves.MaxBy(leaf => Int128.Abs(leaf.Parts[CostPart.Mix]))!.Parts, -moved);
    }

    private static void Move(CostParts parts, Int128 common)
    {
        parts[CostPart.Mix] -= common;
        parts[CostPart.Volume] += common;
    }
}
