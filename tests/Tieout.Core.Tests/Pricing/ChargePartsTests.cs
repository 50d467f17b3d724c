using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Pricing;

public sealed class ChargePartsTests
{
    private static readonly ResolvedPrice Tiered = Price(
        ("input_tokens", Rate.Tiered(3, [new(200_000, 6)])), ("cache_read_tokens", Rate.Tiered(0.3m, [new(200_000, 0.6m)])), ("cache_write_tokens", 3.75m),
        ("output_tokens", Rate.Tiered(15, [new(200_000, 22.5m)])), ("web_searches", 10));

    // Goal: no nano-unit is lost or made, at any price and of any counts. Method: random prices with tiers, own rates and markups, and counts that
    // the fast path takes and that it does not.
    [Fact]
    public void T1_the_classes_of_a_charge_add_up_to_it_and_none_is_below_zero() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(3_000), Prop.ForAll(Generators.AnyPrice.ToArbitrary(), Generators.AnyCounts.ToArbitrary(), (price, counts) =>
        {
            var charge = price.Price(counts).Charge;
            var (whole, less) = (ChargeParts.Of(price, counts, charge), ChargeParts.Of(price, counts, new(charge.Nanos / 3)));
            return Sum(whole) == charge.Nanos && Sum(less) == charge.Nanos / 3
                && Enum.GetValues<ChargeClass>().All(of => whole[(int)of] >= 0 && less[(int)of] >= 0);
        }));

    [Fact]
    public void T1_the_classes_of_a_charge_add_up_to_it_whatever_was_counted() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(Generators.AnyPrice.ToArbitrary(), Generators.ConsistentCounts.ToArbitrary(), (price, units) =>
        {
            var charge = price.Price(units).Charge;
            return Sum(ChargeParts.Of(price, units.ToUsageCounts(), charge)) == charge.Nanos;
        }));

    // Goal: each class is what its tokens cost alone. Method: the price of the same attempt without them, in the same tier; rounding parts the two by less than
    // two nano-units.
    [Theory]
    [InlineData(1_000, 200, 100, 300, 50)]
    [InlineData(250_001, 249_000, 0, 1, 1)]
    [InlineData(200_000, 0, 200_000, 7, 0)]
    [InlineData(0, 0, 0, 13, 13)]
    public void Each_class_is_what_its_tokens_cost_in_their_tier(long input, long read, long write, long output, long reasoning)
    {
        var (counts, isUpper) = (new UsageCounts(input, read, write, output, reasoning), input > 200_000);
        var parts = ChargeParts.Of(Tiered, counts, Tiered.Price(counts).Charge);
        decimal[] nanosPerToken = isUpper ? [6_000, 600, 3_750, 22_500, 22_500] : [3_000, 300, 3_750, 15_000, 15_000];
        long[] tokens = [input - read - write, read, write, output - reasoning, reasoning];
        for (var i = 0; i < tokens.Length; i++) Assert.InRange(Math.Abs((decimal)parts[i] - tokens[i] * nanosPerToken[i]), 0, 1);
        Assert.Equal(0, (long)parts[(int)ChargeClass.Other]);
    }

    // 1,000 in at 3, 200 out at 15, two searches at 10 for 1,000: 0.003 + 0.003 + 0.02; times 1.5.
    [Fact]
    public void What_is_beside_tokens_is_a_class_of_its_own_and_a_markup_is_in_every_class()
    {
        var price = new ResolvedPrice("list@1", Asset.Usd, "p", "m", null, Tiered.Cost, null, 1.5m);
        var counts = UnitCounts.Of((UsageUnits.InputTokens, 1_000), (UsageUnits.OutputTokens, 200), (UsageUnits.Find("web_searches")!, 2)).ToUsageCounts();
        var parts = ChargeParts.Of(price, counts, price.Price(counts).Charge);
        Assert.Equal([4_500_000, 0, 0, 4_500_000, 0, 30_000_000], Enumerable.Range(0, ChargeParts.Count).Select(i => (long)parts[i]));
    }

    // Goal: tokens that cost what their whole costs are in their own class. Method: no rate for cached tokens and reasoning, with and without a search, which
    // the fast path does not take.
    [Fact]
    public void A_class_without_a_rate_of_its_own_costs_what_its_whole_costs()
    {
        var price = Price(("input_tokens", 2), ("output_tokens", 10), ("web_searches", 10));
        foreach (var searches in (long[])[0, 1])
        {
            var counts = UnitCounts.Of(
                (UsageUnits.InputTokens, 100), (UsageUnits.CacheReadTokens, 40), (UsageUnits.CacheWriteTokens, 10), (UsageUnits.OutputTokens, 20),
                (UsageUnits.ReasoningTokens, 5), (UsageUnits.Find("web_searches")!, searches)).ToUsageCounts();
            var parts = ChargeParts.Of(price, counts, price.Price(counts).Charge);
            Assert.Equal(
                [100_000, 80_000, 20_000, 150_000, 50_000, searches * 10_000_000], Enumerable.Range(0, ChargeParts.Count).Select(i => (long)parts[i]));
        }
    }

    [Fact]
    public void The_providers_own_figure_is_split_as_the_list_says_and_is_beside_tokens_where_no_list_does()
    {
        var counts = new UsageCounts(1_000, 0, 0, 100, 0);
        Assert.Equal([2_000_000, 1_000_000], Parts(ChargeParts.Of(Tiered, counts, new(3_000_000)), ChargeClass.Fresh, ChargeClass.Visible));
        var free = new ResolvedPrice("list@1", Asset.Usd, "p", "m", null, RateCard.Empty);
        Assert.Equal([0, 77], Parts(ChargeParts.Of(free, counts, new(77)), ChargeClass.Fresh, ChargeClass.Other));
    }

    [Fact]
    public void Counts_that_no_price_takes_are_beside_tokens() => Assert.Equal(
        [0, 5], Parts(ChargeParts.Of(Tiered, new UsageCounts(1, 0, 0, 1, 0, "no json"), new(5)), ChargeClass.Fresh, ChargeClass.Other));

    private static long[] Parts(ChargeParts parts, params ChargeClass[] of) => [.. of.Select(each => (long)parts[(int)each])];

    private static Int128 Sum(ChargeParts parts)
    {
        Int128 sum = 0;
        for (var i = 0; i < ChargeParts.Count; i++) sum += parts[i];
        return sum;
    }

    private static ResolvedPrice Price(params (string Unit, Rate Rate)[] rates) => new(
        "list@1", Asset.Usd, "p", "m", null, new RateCard(rates.Select(rate => KeyValuePair.Create(UsageUnits.Find(rate.Unit)!, rate.Rate))));
}
