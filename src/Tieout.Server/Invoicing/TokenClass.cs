using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Server.Invoicing;

/// <summary>The tokens of one class in a charge, with their unit price. FOCUS 1.5 (draft) has a row for each.</summary>
/// <param name="UnitPrice">Of a million tokens.</param>
/// <param name="Charge">Its part of the charge. The parts of one charge sum to it.</param>
/// <param name="CacheAction">Uncached, Read or Write; null: output.</param>
internal sealed record TokenClass(string Meter, string Direction, string? CacheAction, long Tokens, decimal UnitPrice, Amount Charge)
{
    public const string Lot = "1000000 Tokens";

    private const decimal PerLot = 1_000_000;

    /// <summary>Millions of tokens.</summary>
    public decimal Lots => Tokens / PerLot;

    /// <summary>Unit price by quantity, not rounded to what the ledger counts in.</summary>
    public decimal Product => UnitPrice * Lots;

    /// <summary>The classes of a charge; none: the charge is not what the tokens cost at the price (a stated amount, fees, other units).</summary>
    public static IReadOnlyList<TokenClass> Of(UsageRow row, ResolvedPrice price)
    {
        var counts = row.Usage.Counts;
        var fresh = counts.InputTokens - counts.CacheReadTokens - counts.CacheWriteTokens;
        var plain = counts.OutputTokens - counts.ReasoningTokens;
        if (counts.More is not null || fresh < 0 || plain < 0) return [];
        var reasoning = counts.ReasoningTokens;
        if (At(UsageUnits.ReasoningTokens) == At(UsageUnits.OutputTokens)) (plain, reasoning) = (plain + reasoning, 0);
        TokenClass?[] all =
        [
            Class("Input Tokens", "Input", "Uncached", fresh, UsageUnits.InputTokens),
            Class("Cache Read Input Tokens", "Input", "Read", counts.CacheReadTokens, UsageUnits.CacheReadTokens),
            Class("Cache Write Input Tokens", "Input", "Write", counts.CacheWriteTokens, UsageUnits.CacheWriteTokens),
            Class("Output Tokens", "Output", cacheAction: null, plain, UsageUnits.OutputTokens),
            Class("Reasoning Output Tokens", "Output", cacheAction: null, reasoning, UsageUnits.ReasoningTokens),
        ];
        var classes = all.OfType<TokenClass>().ToList();
        if (classes.Count == 0 || Amount.RoundHalfEven(classes.Sum(tokens => tokens.Product)) != row.Charge) return [];

        // A unit price has at most nine decimals or so, for a million tokens: the products are whole in this unit.
        const long parts = 1_000_000_000;
        var shares = LargestRemainder.Share(
            row.Charge.Nanos, [.. classes.Select(tokens => (Int128)decimal.Truncate(tokens.Product * Amount.NanosPerUnit * parts))], parts);
        return [.. classes.Zip(shares, (tokens, share) => tokens with { Charge = new(share) })];

        TokenClass? Class(string meter, string direction, string? cacheAction, long tokens, UsageUnit unit) =>
            tokens == 0 || At(unit) is not { } each ? null : new(meter, direction, cacheAction, tokens, each, Amount.Zero);

        decimal? At(UsageUnit unit) => price.Charged.For(unit)?.At(counts.InputTokens) * price.Markup;
    }
}
