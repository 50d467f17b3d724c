using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Invoicing;

namespace Tieout.Server.Tests.Invoicing;

public sealed class TokenClassTests
{
    // Fractions of a nano-unit for one token, so that every part is rounded.
    private static readonly ResolvedPrice Price = new(
        "test@1", new Asset("USD"), "openai", "m", from: null,
        new([new(UsageUnits.InputTokens, 0.0375m), new(UsageUnits.CacheReadTokens, 0.00625m), new(UsageUnits.OutputTokens, 0.1503m)]));

    [Fact]
    public void I1_the_parts_of_a_charge_sum_to_it_however_they_are_rounded()
    {
        for (var i = 1; i < 60; i++)
        {
            var counts = new UsageCounts(InputTokens: 2 * i, CacheReadTokens: i, CacheWriteTokens: 0, OutputTokens: i / 2, ReasoningTokens: 0, More: null);
            var charge = Price.Price(counts).Charge;
            var classes = TokenClass.Of(Row(counts, charge), Price);
            Assert.Equal(charge, Amount.Sum(classes.Select(tokens => tokens.Charge)));
            Assert.Equal(counts.InputTokens + counts.OutputTokens, classes.Sum(tokens => tokens.Tokens));
            Assert.All(classes, tokens => Assert.True(Math.Abs(tokens.Charge.ToDecimal() - tokens.Product) < 1m / Amount.NanosPerUnit));
        }
    }

    [Fact]
    public void A_charge_that_is_not_what_its_tokens_cost_has_no_classes()
    {
        var counts = new UsageCounts(InputTokens: 1_000, CacheReadTokens: 0, CacheWriteTokens: 0, OutputTokens: 10, ReasoningTokens: 0, More: null);
        Assert.Empty(TokenClass.Of(Row(counts, Price.Price(counts).Charge + new Amount(1)), Price));
        Assert.Empty(TokenClass.Of(Row(counts with { More = """{"requests":1}""" }, Price.Price(counts).Charge), Price));
        Assert.NotEmpty(TokenClass.Of(Row(counts, Price.Price(counts).Charge), Price));
    }

    private static UsageRow Row(UsageCounts counts, Amount charge)
    {
        var labels = new UsageLabels { Org = "acme", Source = UsageSource.Gateway };
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, "op", 1, null, null, null, null, new Instant(1), 1, 200, counts, UsageBasis.Reported, UsageFlags.None);
        return new(1, usage, 1, 1, charge, charge, ChargeFlags.None, new Instant(1), new Instant(1), 0);
    }
}
