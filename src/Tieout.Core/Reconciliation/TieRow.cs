using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation;

/// <summary>One part of a difference.</summary>
/// <param name="Cause">Stable, snake_case.</param>
/// <param name="Amount">How much of left − right it makes; below zero: the right side has more.</param>
/// <param name="Detail">One sentence for whoever reads it.</param>
public sealed record CausePart(string Cause, Amount Amount, string Detail);

/// <summary>One row of a comparison.</summary>
/// <param name="Left">What our book says; null: it has nothing under this key, which is not the same as zero.</param>
/// <param name="Right">What the other book says; null: it has no such row.</param>
/// <param name="Parts">They sum to <see cref="Difference"/>; none where there is no difference.</param>
public sealed record TieRow(TieKey Key, Amount? Left, Amount? Right, ImmutableArray<CausePart> Parts)
{
    /// <summary>Left − right.</summary>
    public Amount Difference => (Left ?? Amount.Zero) - (Right ?? Amount.Zero);

    /// <summary>The causes in one word; null: the row ties.</summary>
    public string? Cause => Parts.IsEmpty ? null : string.Join('+', Parts.Select(part => part.Cause).Distinct(StringComparer.Ordinal));

    /// <exception cref="InvariantBrokenException">The parts do not come to the difference.</exception>
    public static TieRow Of(TieKey key, Amount? left, Amount? right, ImmutableArray<CausePart> parts)
    {
        var row = new TieRow(key, left, right, parts);
        var sum = Amount.Zero;
        foreach (var part in parts) sum += part.Amount;
        Invariant.Holds(sum == row.Difference, "R1");
        return row;
    }
}

/// <summary>Two books compared, row by row.</summary>
/// <param name="Rows">Every key that either side has, in order.</param>
/// <param name="DriftPct">Σ |difference| in per cent of Σ |left|.</param>
public sealed record Tie(ImmutableArray<TieRow> Rows, Amount Left, Amount Right, int Differing, decimal DriftPct, DriftSeverity Severity)
{
    public bool Ties => Differing == 0;

    /// <param name="isStale">The other book was last written too long ago to have everything.</param>
    public static Tie Of(IEnumerable<TieRow> rows, bool isStale)
    {
        var ordered = rows.OrderBy(row => row.Key).ToImmutableArray();
        var (left, right, volume, apart, differing) = (Amount.Zero, Amount.Zero, Amount.Zero, Amount.Zero, 0);
        foreach (var row in ordered)
        {
            left += row.Left ?? Amount.Zero;
            right += row.Right ?? Amount.Zero;
            volume += Amount.Abs(row.Left ?? Amount.Zero);
            apart += Amount.Abs(row.Difference);
            if (row.Difference != Amount.Zero) differing++;
        }

        var percent = Drift.Percent(volume, apart);
        return new(ordered, left, right, differing, percent, Drift.Severity(percent, rightIsZero: right == Amount.Zero, isStale));
    }
}
