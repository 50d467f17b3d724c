using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>How much of what a provider claims for one attempt is charged without a person's decision. The rest is withheld, and a finding says both
/// figures.</summary>
/// <param name="Multiple">Of the hold: the claim may be this many times as much.</param>
/// <param name="Excess">The claim may be above the hold by this much, however small the hold was.</param>
/// <param name="SubCallsMax">Calls within one call that are charged; further ones are left out, and a finding.</param>
public sealed record ClaimLimit(int Multiple, Amount Excess, int SubCallsMax)
{
    public static readonly ClaimLimit Default = new(10, Amount.Major(1), 32);

    /// <summary>The most that is charged.</summary>
    /// <param name="held">The ceiling that was held for the attempt.</param>
    public Amount Of(Amount held) =>
        new((long)Int128.Min(Int128.Max((Int128)held.Nanos * Multiple, (Int128)held.Nanos + Excess.Nanos), Amount.TransferMax.Nanos));

    /// <summary>What the counts come to; the most that an amount can be where they come to more.</summary>
    public static PricedCounts Claimed(ResolvedPrice price, in UsageCounts counts)
    {
        try
        {
            var priced = price.Price(counts);
            return priced with { ProviderCost = Amount.Min(priced.ProviderCost, Amount.TransferMax), Charge = Amount.Min(priced.Charge, Amount.TransferMax) };
        }
        catch (OverflowException)
        {
            return new(Amount.TransferMax, Amount.TransferMax, UsageFlags.None);
        }
    }

    /// <summary>Whether a charge is what the price comes to (M3), or less because a part of the claim is withheld.</summary>
    /// <param name="claimed">What <see cref="Claimed"/> says of the counts.</param>
    public static bool Agrees(Amount claimed, Amount charge, UsageFlags flags) =>
        charge == claimed || (flags.HasFlag(UsageFlags.ClaimWithheld) && charge < claimed);
}
