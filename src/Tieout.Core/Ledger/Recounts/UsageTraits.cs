using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>What a usage row says of itself beside labels and ids, from few values: how it ended, where its counts are from, and its flags.</summary>
/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="Flags">Of the counts.</param>
/// <param name="ChargeFlags">Of the charge.</param>
public readonly record struct UsageTraits(int Status, UsageBasis Basis, UsageFlags Flags, ChargeFlags ChargeFlags)
{
    // Bits of the parts. Stored, so a part never moves.
    private const int BasisAt = 16;
    private const int ChargeFlagsAt = 20;
    private const int FlagsAt = 32;
    private const long StatusMask = (1L << BasisAt) - 1;
    private const long BasisMask = (1L << (ChargeFlagsAt - BasisAt)) - 1;
    private const long ChargeFlagsMask = (1L << (FlagsAt - ChargeFlagsAt)) - 1;

    /// <summary>All of it in one number, as it is stored.</summary>
    public long Number => (Status & StatusMask) | (((long)Basis & BasisMask) << BasisAt)
        | (((long)ChargeFlags & ChargeFlagsMask) << ChargeFlagsAt) | ((long)Flags << FlagsAt);

    public static UsageTraits Of(UsageRow row) => new(row.Usage.StatusCode, row.Usage.Basis, row.Usage.Flags, row.Flags);

    public static UsageTraits OfNumber(long number) => new(
        (int)(number & StatusMask), (UsageBasis)((number >> BasisAt) & BasisMask), (UsageFlags)(number >> FlagsAt),
        (ChargeFlags)((number >> ChargeFlagsAt) & ChargeFlagsMask));

    /// <summary>For example <c>status 503, basis Estimated, CutShort</c>. A basis of <see cref="UsageBasis.Reported"/> is left out.</summary>
    public override string ToString() => $"status {Status}" + (Basis == UsageBasis.Reported ? "" : $", basis {Basis}")
        + (Flags == UsageFlags.None ? "" : $", {Flags}") + (ChargeFlags == ChargeFlags.None ? "" : $", charge {ChargeFlags}");
}
