namespace Tieout.Core.Invoicing;

/// <summary>Rounds parts to whole units so that they sum to the rounded whole: no cent is lost over many lines, and none is made.</summary>
public static class LargestRemainder
{
    /// <summary>Each part is cut down to a whole unit; the units that are then missing go to the parts that lost most, the earlier ones first among
    /// equals.</summary>
    /// <param name="total">The sum wanted, in whole units: that of the exact parts, rounded either way.</param>
    /// <param name="parts">Exact, as numerators of <paramref name="denominator"/>; may be below zero.</param>
    /// <exception cref="ArgumentException">The total is not the parts' sum rounded.</exception>
    public static Int128[] Share(Int128 total, IReadOnlyList<Int128> parts, Int128 denominator)
    {
        var shares = new Int128[parts.Count];
        var lost = new Int128[parts.Count];
        var missing = total;
        for (var i = 0; i < shares.Length; i++)
        {
            var (whole, rest) = Int128.DivRem(parts[i], denominator);
            if (rest < 0) (whole, rest) = (whole - 1, rest + denominator);
            (shares[i], lost[i]) = (whole, rest);
            missing -= whole;
        }

        if (missing < 0 || missing > shares.Length) throw new ArgumentException($"{total} is not what the parts come to, rounded.", nameof(total));
        foreach (var i in Enumerable.Range(0, shares.Length).OrderByDescending(i => lost[i]).ThenBy(i => i).Take((int)missing)) shares[i]++;
        return shares;
    }

    /// <summary>A total split by weights, for example 5 by 1:1:1 into 2, 2, 1.</summary>
    /// <param name="weights">Zero or more, not all zero.</param>
    public static Int128[] ByWeight(Int128 total, IReadOnlyList<long> weights)
    {
        var sum = weights.Aggregate((Int128)0, (all, weight) => all + weight);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sum, nameof(weights));
        return Share(total, [.. weights.Select(weight => (Int128)weight * total)], sum);
    }
}
