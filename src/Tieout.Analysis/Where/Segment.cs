using System.Collections.Immutable;
using Tieout.Analysis.Change;

namespace Tieout.Analysis.Where;

/// <summary>One dimension of a segment.</summary>
/// <param name="Value">Null: what bears no such label.</param>
public readonly record struct Coordinate(string Dimension, string? Value);

/// <summary>Where an effect is: the leaves that have these values.</summary>
/// <param name="Coordinates">One to three, in the order of the dimensions.</param>
/// <param name="Effect">Of its leaves together, in nano-units.</param>
/// <param name="Coverage">The effect as a part of all that rises; above 1 where it makes up for what falls elsewhere.</param>
/// <param name="Share">The part that its leaves had of the expected cost.</param>
public sealed record Segment(ImmutableArray<Coordinate> Coordinates, Int128 Effect, double Coverage, double Share)
{
    public bool Has(string dimension) => Coordinates.Any(coordinate => coordinate.Dimension == dimension);

    public bool Contains(CostChange change, CostLeaf leaf) => Contains(change.Dimensions, leaf.Values);

    public bool Contains(ImmutableArray<string> dimensions, ImmutableArray<string?> values)
    {
        foreach (var each in Coordinates)
        {
            if (values[dimensions.IndexOf(each.Dimension)] != each.Value) return false;
        }

        return true;
    }

    public override string ToString() => string.Join(", ", Coordinates.Select(each => $"{each.Dimension} {each.Value ?? "(none)"}"));
}
