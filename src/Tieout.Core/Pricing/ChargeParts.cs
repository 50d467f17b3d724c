using System.Runtime.CompilerServices;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>One charge by what it is for, in whole nano-units that sum to the charge (T1).</summary>
[InlineArray(Count)]
public struct ChargeParts
{
    /// <summary>By <see cref="ChargeClass"/>.</summary>
    public const int Count = 6;

    private Int128 _first;

    /// <summary>Splits a charge in proportion to what each class comes to at the price. The largest remainders take what rounding leaves.</summary>
    /// <param name="price">The price that the charge was made at.</param>
    /// <param name="charge">Zero or more. May be less than the counts come to: a part of the claim was withheld.</param>
    public static ChargeParts Of(ResolvedPrice price, in UsageCounts counts, Amount charge)
    {
        if (charge == Amount.Zero) return default;
        if (price.TrySplitTokens(counts, charge, out var parts)) return parts;
        parts = OfDecimals(price, counts, charge);
        Int128 sum = 0;
        for (var i = 0; i < Count; i++) sum += parts[i];
        Invariant.Holds(sum == charge.Nanos, "T1");
        return parts;
    }

    /// <param name="parts">Products of counts and rates, zero or more.</param>
    /// <param name="scale">What a nano-unit is of them.</param>
    /// <param name="charge">Their sum by <paramref name="scale"/>, rounded.</param>
    internal static ChargeParts OfProducts(ReadOnlySpan<long> parts, long scale, long charge)
    {
        var split = new ChargeParts();
        Span<long> rests = stackalloc long[Count];
        var missing = charge;
        for (var i = 0; i < parts.Length; i++)
        {
            (var whole, rests[i]) = Math.DivRem(parts[i], scale);
            split[i] = whole;
            missing -= whole;
        }

        for (; missing > 0; missing--)
        {
            var largest = 0;
            for (var i = 1; i < Count; i++) largest = rests[i] > rests[largest] ? i : largest;
            split[largest]++;
            rests[largest] = -1;
        }

        return split;
    }

    private static ChargeParts OfDecimals(ResolvedPrice price, in UsageCounts counts, Amount charge)
    {
        var split = new ChargeParts();
        Span<decimal> prices = stackalloc decimal[Count];
        prices.Clear();
        decimal total = 0;
        try
        {
            price.Charged.AddTo(prices, UnitCounts.Of(counts));
            foreach (var each in prices) total += each;
        }
        catch (Exception odd) when (odd is OverflowException or ArgumentOutOfRangeException or FormatException)
        {
            // Counts that no price takes: verify names their record.
            total = 0;
        }

        if (total <= 0)
        {
            // The charge is the provider's own figure, or another that no rate makes.
            split[(int)ChargeClass.Other] = charge.Nanos;
            return split;
        }

        Span<decimal> rests = stackalloc decimal[Count];
        var missing = charge.Nanos;
        for (var i = 0; i < Count; i++)
        {
            var exact = (decimal)charge.Nanos * (prices[i] / total);
            split[i] = (Int128)decimal.Floor(exact);
            rests[i] = prices[i] > 0 ? exact - decimal.Floor(exact) : -1;
            missing -= split[i];
        }

        for (; missing != 0; missing -= Int128.Sign(missing))
        {
            // Below zero only where the decimals themselves were rounded up.
            var place = missing > 0 ? IndexOfLargest(rests) : IndexOfLargest(prices);
            split[place] += Int128.Sign(missing);
            rests[place] = -1;
        }

        return split;
    }

    private static int IndexOfLargest(ReadOnlySpan<decimal> values)
    {
        var largest = 0;
        for (var i = 1; i < values.Length; i++) largest = values[i] > values[largest] ? i : largest;
        return largest;
    }
}
