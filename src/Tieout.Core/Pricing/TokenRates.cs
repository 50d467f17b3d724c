using System.Collections.Immutable;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>The fast path of <see cref="RateCard.Price"/>: plain token counts in whole numbers, exact, without allocation.</summary>
/// <remarks>
/// Rates become whole multiples of 10⁻ᵏ nano-units for one token, with the smallest k that holds them all; sums of products
/// then are whole numbers, and the one division by 10ᵏ is the one rounding. A property test holds it against the decimals.
/// </remarks>
internal sealed class TokenRates
{
    /// <summary>A count and a rate below this make a product below 2⁶⁰, so five of them stay below 2⁶³.</summary>
    private const long FactorMax = 1L << 30;

    private const int DecimalsMax = 9;

    /// <summary>Classes of tokens.</summary>
    private const int Classes = 5;

    private readonly ImmutableArray<Band> _bands = [];
    private readonly long _scale = 1;

    /// <param name="markup">Factor on every rate.</param>
    public TokenRates(RateCard rates, decimal markup)
    {
        // A fee for the request itself, or a direction without a rate, is for the general path to say.
        if (rates.For(UsageUnits.Requests) is not null) return;
        if (rates.For(UsageUnits.InputTokens) is not { } input || rates.For(UsageUnits.OutputTokens) is not { } output) return;

        Rate[] classes =
        [
            input, rates.For(UsageUnits.CacheReadTokens)!, rates.For(UsageUnits.CacheWriteTokens)!,
            output, rates.For(UsageUnits.ReasoningTokens)!,
        ];
        var starts = classes.SelectMany(rate => rate.Tiers).Select(tier => tier.Above).Prepend(-1).Distinct().OrderDescending();
        var nanos = starts.Select(above => (above, each: Array.ConvertAll(classes, rate => rate.At(above + 1) * markup * NanosPerRate))).ToArray();
        for (long scale = 1, k = 0; k <= DecimalsMax; scale *= 10, k++)
        {
            if (!nanos.All(band => band.each.All(each => IsWhole(each * scale)))) continue;
            _scale = scale;
            _bands = [.. nanos.Select(band => Band.Of(band.above, Array.ConvertAll(band.each, each => (long)(each * scale))))];
            return;
        }
    }

    /// <summary>Nano-units for one token, at a rate of one for a million.</summary>
    private static decimal NanosPerRate => (decimal)Amount.NanosPerUnit / UsageUnits.InputTokens.Per;

    /// <returns>False where only the general path can say: other units, parts above their whole, numbers out of the ordinary.</returns>
    public bool TryPrice(in UsageCounts counts, out Amount price)
    {
        Span<long> parts = stackalloc long[Classes];
        var isPriced = TryMultiply(counts, parts);
        price = isPriced ? new(RoundHalfEven(parts[0] + parts[1] + parts[2] + parts[3] + parts[4])) : default;
        return isPriced;
    }

    /// <returns>False as for <see cref="TryPrice"/>, or where the charge is another than the counts come to.</returns>
    public bool TrySplit(in UsageCounts counts, Amount charge, out ChargeParts split)
    {
        split = default;
        Span<long> parts = stackalloc long[Classes];
        if (!TryMultiply(counts, parts)) return false;
        if (charge.Nanos != RoundHalfEven(parts[0] + parts[1] + parts[2] + parts[3] + parts[4])) return false;
        split = ChargeParts.OfProducts(parts, _scale, (long)charge.Nanos);
        return true;
    }

    /// <summary>What each class comes to, by <see cref="ChargeClass"/>, in parts of a nano-unit.</summary>
    private bool TryMultiply(in UsageCounts counts, Span<long> parts)
    {
        // Bits of a negative or too large number show in the union of all.
        var union = counts.InputTokens | counts.CacheReadTokens | counts.CacheWriteTokens | counts.OutputTokens | counts.ReasoningTokens;
        if (counts.More is not null || union is < 0 or >= FactorMax) return false;
        var fresh = counts.InputTokens - counts.CacheReadTokens - counts.CacheWriteTokens;
        var plain = counts.OutputTokens - counts.ReasoningTokens;
        if ((fresh | plain) < 0) return false;
        foreach (var band in _bands)
        {
            if (counts.InputTokens <= band.Above) continue;
            parts[0] = fresh * band.Input;
            parts[1] = counts.CacheReadTokens * band.CacheRead;
            parts[2] = counts.CacheWriteTokens * band.CacheWrite;
            parts[3] = plain * band.Output;
            parts[4] = counts.ReasoningTokens * band.Reasoning;
            return true;
        }

        return false;
    }

    private static bool IsWhole(decimal scaled) => scaled < FactorMax && scaled == decimal.Truncate(scaled);

    private long RoundHalfEven(long sum)
    {
        var (whole, rest) = Math.DivRem(sum, _scale);
        return rest * 2 > _scale || (rest * 2 == _scale && long.IsOddInteger(whole)) ? whole + 1 : whole;
    }

    /// <summary>Rates of attempts with more than <paramref name="Above"/> input tokens.</summary>
    private readonly record struct Band(long Above, long Input, long CacheRead, long CacheWrite, long Output, long Reasoning)
    {
        public static Band Of(long above, long[] each) => new(above, each[0], each[1], each[2], each[3], each[4]);
    }
}
