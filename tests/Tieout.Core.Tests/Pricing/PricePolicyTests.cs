using Tieout.Core.Metering;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Pricing;

public sealed class PricePolicyTests
{
    private const string Stored = """
        {"markup":"1.2","unknown_model":"admit_unpriced","basis":"reported_cost","overrides":[{"provider":"openai","model":{"starts_with":"gpt-4o"},"rates":{"input_tokens":"1"}},{"model":"o3","markup":"1.05"}]}
        """;

    private static readonly Instant At = Instant.From(new(2026, 8, 21, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void What_is_stored_is_read_back_and_equal()
    {
        var policy = PricePolicy.Parse(Stored.Trim());

        Assert.Equal(Stored.Trim(), policy.ToJson());
        Assert.Equal(PricePolicy.Parse(Stored), policy);
        Assert.Equal((1.2m, UnknownModel.AdmitUnpriced, CostBasis.ReportedCost), (policy.Markup, policy.UnknownModel, policy.Basis));
        Assert.Equal(PricePolicy.AtCost, PricePolicy.Parse("{}"));
    }

    // gpt-4o costs 2.5 in and 10 out, o3 2 in and 8 out, gpt-4.1 2 in and 8 out; a million tokens each way.
    [Theory]
    [InlineData("gpt-4.1", "10", "12")]
    [InlineData("gpt-4o", "12.5", "11")]
    [InlineData("o3", "10", "10.5")]
    public void An_override_is_what_the_org_pays_and_the_rest_pays_the_markup(string model, string cost, string charge)
    {
        var policy = PricePolicy.Parse(Stored.Replace("reported_cost", "rates", StringComparison.Ordinal));
        var priced = BuiltinPrices.Catalogue.Find("openai", model, At, policy)!.Price(new UsageCounts(1_000_000, 0, 0, 1_000_000, 0));

        Assert.Equal((cost, charge), (priced.ProviderCost.ToString(), priced.Charge.ToString()));
    }

    [Theory]
    [InlineData("""{"markup":1.2}""")]
    [InlineData("""{"markup":"-1"}""")]
    [InlineData("""{"markup":"1001"}""")]
    [InlineData("""{"unknown_model":"free"}""")]
    [InlineData("""{"basis":"guess"}""")]
    [InlineData("""{"overrides":{}}""")]
    [InlineData("""{"overrides":[{"markup":"2000"}]}""")]
    [InlineData("""{"overrides":[1]}""")]
    [InlineData("{")]
    public void What_is_no_policy_is_refused(string json) => Assert.Throws<FormatException>(() => PricePolicy.Parse(json));

    [Fact]
    public void A_markup_out_of_range_is_misuse() => Assert.Throws<ArgumentOutOfRangeException>(() => new PricePolicy(-1));
}
