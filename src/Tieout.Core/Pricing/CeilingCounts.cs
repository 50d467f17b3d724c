using System.Collections.Immutable;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>Counts for an attempt whose provider did not say what it used: as much of one unit as its hold pays for, so that the charge is still a function of
/// counts and price (M3).</summary>
public static class CeilingCounts
{
    /// <summary>In this order, the first that the price has a rate for.</summary>
    private static readonly ImmutableArray<UsageUnit> Units =
    [
        UsageUnits.OutputTokens, UsageUnits.InputTokens, UsageUnits.Find("input_characters")!, UsageUnits.Find("input_audio_seconds")!,
        UsageUnits.Find("audio_seconds")!,
        UsageUnits.Find("output_audio_seconds")!, UsageUnits.Requests, UsageUnits.Find("web_searches")!,
    ];

    /// <param name="most">What was held.</param>
    /// <returns>Null: nothing is held, or nothing has a rate.</returns>
    public static UsageCounts? For(ResolvedPrice price, Amount most)
    {
        if (most <= Amount.Zero) return null;
        foreach (var unit in Units)
        {
            if (IsWithin(price, unit, UsageUnits.CountMax, Amount.Zero)) continue;
            long affordable = 0;
            for (var (low, high) = (1L, UsageUnits.CountMax); low <= high;)
            {
                var middle = low + (high - low) / 2;
                if (IsWithin(price, unit, middle, most)) (affordable, low) = (middle, middle + 1);
                else high = middle - 1;
            }

            if (affordable > 0) return Counts(unit, affordable);
        }

        return null;
    }

    private static bool IsWithin(ResolvedPrice price, UsageUnit unit, long count, Amount most) => ClaimLimit.Claimed(price, Counts(unit, count)).Charge <= most;

    private static UsageCounts Counts(UsageUnit unit, long count) => UnitCounts.Of((unit, count)).ToUsageCounts();
}
