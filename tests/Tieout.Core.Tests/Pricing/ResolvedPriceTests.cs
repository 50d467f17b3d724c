using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Pricing;

public sealed class ResolvedPriceTests
{
    private static readonly ResolvedPrice Plain = Price(("input_tokens", 2.5m), ("cache_read_tokens", 1.25m), ("output_tokens", 10));

    [Fact]
    public void M3_a_stored_price_is_the_same_price_byte_for_byte() =>
        Prop.ForAll(Generators.AnyPrice.ToArbitrary(), Generators.AnyCounts.ToArbitrary(), (price, counts) =>
        {
            var again = ResolvedPrice.Parse(price.ToJson());
            return again.ToJson() == price.ToJson() && again.Equals(price) && again.GetHashCode() == price.GetHashCode()
                && again.Price(counts) == price.Price(counts);
        }).QuickCheckThrowOnFailure();

    // 1,000 in, 200 of them cached, 100 out: 0.0008 × 2.5 + 0.0002 × 1.25 + 0.0001 × 10 = 0.00325, and half of it. The search is not halved.
    [Fact]
    public void In_a_batch_tokens_cost_the_factor_and_nothing_else_does()
    {
        var searches = UsageUnits.Find("web_searches")!;
        var list = Price(("input_tokens", 2.5m), ("cache_read_tokens", 1.25m), ("output_tokens", 10), ("web_searches", 10));
        var tokens = new UsageCounts(1_000, 200, 0, 100, 0);
        var batch = list.ForBatch(0.5m);

        Assert.Equal((Amount.Parse("0.00325"), Amount.Parse("0.001625")), (list.Price(tokens).Charge, batch.Price(tokens).Charge));
        Assert.Equal(list.Price(UnitCounts.Of((searches, 1))), batch.Price(UnitCounts.Of((searches, 1))));
        Assert.Equal((list.List, list.Model, 0.5m), (batch.List, batch.Model, batch.BatchFactor));
        Assert.Equal(batch, ResolvedPrice.Parse(batch.ToJson()));
        Assert.Contains("\"batch_factor\":\"0.5\"", batch.ToJson(), StringComparison.Ordinal);
        Assert.DoesNotContain("batch_factor", list.ToJson(), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.ForBatch(0.5m));
        Assert.Throws<ArgumentOutOfRangeException>(() => list.ForBatch(0));
    }

    [Fact]
    public void In_a_batch_an_orgs_own_rates_and_tiers_come_down_too_and_its_markup_stays()
    {
        var charged = new RateCard(
            [KeyValuePair.Create(UsageUnits.InputTokens, Rate.Tiered(4, [new(1_000, 8)])), KeyValuePair.Create(UsageUnits.OutputTokens, (Rate)20)]);
        var price = new ResolvedPrice("list@1", Asset.Usd, "p", "m", null, Plain.Cost, charged, 1.5m).ForBatch(0.5m);

        Assert.Equal(Amount.Parse("0.003"), price.Price(new UsageCounts(1_000, 0, 0, 0, 0)).Charge);
        Assert.Equal(Amount.Parse("0.012"), price.Price(new UsageCounts(2_000, 0, 0, 0, 0)).Charge);
    }

    [Fact]
    public void M3_whole_numbers_and_decimals_give_the_same_charge() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000),
            Prop.ForAll(Generators.AnyPrice.ToArbitrary(), Generators.AnyCounts.ToArbitrary(), (price, counts) =>
            price.Price(counts) == price.Price(UnitCounts.Of(counts))));

    [Fact]
    public void No_consistent_usage_costs_more_than_the_ceiling_of_its_bounds() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000),
            Prop.ForAll(Generators.AnyPrice.ToArbitrary(), Generators.ConsistentCounts.ToArbitrary(), (price, counts) =>
        {
            var tools = counts.Counted.Where(counted => counted.Key.Family == "tool_calls").Sum(counted => counted.Value);
            var actual = price.Price(counts);
            return !actual.Flags.HasFlag(UsageFlags.PartsExceedTotal) && new[] { 0, 1, 100 }.All(slack =>
            {
                var ceiling = price.Ceiling(new(counts[UsageUnits.InputTokens] + slack, counts[UsageUnits.OutputTokens] + slack, tools + slack));
                return actual.ProviderCost <= ceiling.ProviderCost && actual.Charge <= ceiling.Charge;
            });
        }));

    // 10 in and 4 out. The dearest way in is a write for an hour, the dearest way out reasoning; the tier above 8 is within reach, that above 10 is not.
    [Fact]
    public void A_ceiling_takes_the_dearest_class_of_each_direction_and_is_rounded_up()
    {
        var price = new ResolvedPrice("list@1", Asset.Usd, "p", "m", null, new([
            KeyValuePair.Create(UsageUnits.InputTokens, Rate.Tiered(3, [new(10, 50)])),
            KeyValuePair.Create(UsageUnits.Find("cache_write_1h_tokens")!, Rate.Tiered(6, [new(8, 12)])),
            KeyValuePair.Create(UsageUnits.CacheReadTokens, (Rate)0.3m),
            KeyValuePair.Create(UsageUnits.OutputTokens, (Rate)15),
            KeyValuePair.Create(UsageUnits.ReasoningTokens, (Rate)20),
            KeyValuePair.Create(UsageUnits.Find("web_searches")!, (Rate)10),
            KeyValuePair.Create(UsageUnits.Requests, (Rate)12)]));

        Assert.Equal("0.0122", price.Ceiling(new(10, 4)).Charge.ToString());
        Assert.Equal("0.0322", price.Ceiling(new(10, 4, ToolCalls: 2)).Charge.ToString());
        Assert.Equal(1, Price(("input_tokens", 0.0001m), ("output_tokens", 0)).Ceiling(new(1, 0)).Charge.Nanos);
        Assert.Throws<ArgumentOutOfRangeException>(() => price.Ceiling(new(-1, 0)));
    }

    [Fact]
    public void A_charge_is_rounded_once_half_to_even()
    {
        // One token at these prices is half a nano-unit, one and a half, and two and a half.
        Assert.Equal([0, 2, 2],
            new[] { 0.0005m, 0.0015m, 0.0025m }.Select(
                each => Price(("input_tokens", each), ("output_tokens", 0)).Price(new UsageCounts(1, 0, 0, 0, 0)).Charge.Nanos));

        // Two halves are one; rounded each for itself they would be nothing.
        Assert.Equal(1, Price(("input_tokens", 0.0005m), ("output_tokens", 0.0005m)).Price(new UsageCounts(1, 0, 0, 1, 0)).Charge.Nanos);
    }

    [Fact]
    public void Cost_is_theirs_and_charge_is_ours()
    {
        var price = new ResolvedPrice("list@1", Asset.Usd, "p", "m", null, Plain.Cost, null, 1.5m);
        var priced = price.Price(new UsageCounts(1_000_000, 400_000, 0, 100_000, 50_000));

        Assert.Equal(("3", "4.5"), (priced.ProviderCost.ToString(), priced.Charge.ToString()));
    }

    [Fact]
    public void The_stored_form_reads_like_the_price()
    {
        var price = new ResolvedPrice(
            "builtin@2026-08-21", Asset.Usd, "openai", "gpt-4o", new(2026, 7, 30),
            new([KeyValuePair.Create(UsageUnits.InputTokens, Rate.Tiered(2.50m, [new(200_000, 5)])), KeyValuePair.Create(UsageUnits.OutputTokens, (Rate)10)]),
            null, 1.20m);

        Assert.Equal(
            """{"list":"builtin@2026-08-21","asset":"USD","provider":"openai","model":"gpt-4o","from":"2026-07-30","rates":{"input_tokens":["2.5",[200000,"5"]],"output_tokens":"10"},"markup":"1.2"}""",
            price.ToJson());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"list":"l","asset":"usd","provider":"p","model":"m","rates":{}}""")]
    [InlineData("""{"list":"l","asset":"USD","provider":"p","model":"m","rates":{"input_tokens":2.5}}""")]
    [InlineData("""{"list":"l","asset":"USD","provider":"p","model":"m","rates":{"input_tokens":"-1"}}""")]
    [InlineData("""{"list":"l","asset":"USD","provider":"p","model":"m","rates":{"input_tokens":"1"},"markup":"x"}""")]
    [InlineData("""{"list":"l","list":"l","asset":"USD","provider":"p","model":"m","rates":{}}""")]
    public void What_is_no_stored_price_is_refused(string json) => Assert.Throws<FormatException>(() => ResolvedPrice.Parse(json));

    [Fact]
    public void Parts_above_their_whole_are_charged_and_said_and_nothing_is_negative()
    {
        var priced = Plain.Price(new UsageCounts(10, 1_000_000, 0, 0, 0));

        Assert.Equal((new Amount(1_250_000_000), UsageFlags.PartsExceedTotal), (priced.Charge, priced.Flags));
    }

    [Fact]
    public void Usage_without_a_rate_is_said()
    {
        Assert.Equal(UsageFlags.Unpriced, Plain.Price(new UsageCounts(1, 0, 0, 1, 0, """{"web_searches":1}""")).Flags);
        Assert.Equal(UsageFlags.Unpriced, Price(("input_tokens", 1)).Price(new UsageCounts(1, 0, 0, 1, 0)).Flags);
        Assert.Equal(UsageFlags.None, Price(("input_tokens", 1)).Price(new UsageCounts(1, 0, 0, 0, 0)).Flags);
    }

    [Fact]
    public void A_fee_for_each_request_is_charged_once_for_an_attempt_that_used_something()
    {
        var price = Price(("input_tokens", 1), ("output_tokens", 1), ("requests", 12));

        Assert.Equal("0.012001", price.Price(new UsageCounts(1, 0, 0, 0, 0)).Charge.ToString());
        Assert.Equal("0", price.Price(new UsageCounts(0, 0, 0, 0, 0)).Charge.ToString());
        Assert.Equal("0.036", price.Price(new UsageCounts(0, 0, 0, 0, 0, """{"requests":3}""")).Charge.ToString());
    }

    [Fact]
    public void Counts_beyond_belief_are_a_refusal_for_those_who_ask_and_exact_for_those_who_do_not()
    {
        UsageCounts[] bad = [new(-1, 0, 0, 0, 0), new(UsageUnits.CountMax + 1, 0, 0, 0, 0), new(0, 0, 0, 0, 0, "[]")];
        Assert.All(bad, counts => Assert.False(Plain.TryPrice(counts, out _)));
        Assert.True(Plain.TryPrice(new(UsageUnits.CountMax, 0, 0, UsageUnits.CountMax, 0), out _));

        Assert.Throws<ArgumentOutOfRangeException>(() => Plain.Price(new UsageCounts(-1, 0, 0, 0, 0)));
        // Far beyond what one charge may come to, but exact: an amount has 128 bits.
        Assert.True(Plain.Price(new UsageCounts(long.MaxValue, 0, 0, 0, 0)).Charge > Amount.TransferMax);
    }

    [Fact]
    public void The_fast_path_allocates_nothing()
    {
        var counts = new UsageCounts(1_234, 1_000, 0, 567, 89);
        Plain.Price(counts);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) Plain.Price(counts);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ResolvedPrice Price(params (string Unit, decimal Each)[] rates) => new(
        "list@1", Asset.Usd, "p", "m", null, new(rates.Select(rate => KeyValuePair.Create(UsageUnits.Find(rate.Unit)!, (Rate)rate.Each))));
}
