using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What a request may cost at most, and what a clamp makes of it.</summary>
public sealed class EstimateTests : IDisposable
{
    private static readonly GatewayRequest Request = new() { Model = "gpt-4o", Bytes = 1_000, OutputTokensMax = 2_000, Limit = new OutputLimit([]) };

    private readonly Routes _routes = new(TieoutYaml.Read("""providers: { openai: { base_url: "http://127.0.0.1:1" } }""", "t.yaml", _ => null));

    public void Dispose() => _routes.Dispose();

    [Theory]
    [InlineData(UnknownModel.Refuse, "NotPriced")]
    [InlineData(UnknownModel.AdmitUnpriced, "None")]
    public void A_model_without_a_price_is_refused_or_costs_nothing_as_the_policy_says(UnknownModel policy, string problem)
    {
        var estimate = Of(Request, "mystery", new PricePolicy(unknownModel: policy));

        Assert.Equal((problem, Amount.Zero), (estimate.Problem.ToString(), estimate.Ceiling));
        Assert.Null(estimate.Price);
    }

    [Fact]
    public void A_clamp_is_the_longest_answer_that_what_is_left_pays_for()
    {
        var estimate = Of(Request, "gpt-4o", PricePolicy.AtCost);
        var left = new Amount(estimate.Ceiling.Nanos / 2);

        var clamp = OutputClamp.Find(Request, estimate, left)!.Value;

        Assert.InRange(clamp.OutputTokens, 16, 1_999);
        Assert.Equal(Of(Request with { OutputTokensMax = clamp.OutputTokens }, "gpt-4o", PricePolicy.AtCost).Ceiling, clamp.Ceiling);
        Assert.True(clamp.Ceiling <= left);
        Assert.True(Of(Request with { OutputTokensMax = clamp.OutputTokens + 1 }, "gpt-4o", PricePolicy.AtCost).Ceiling > left);
    }

    [Fact]
    public void Nothing_is_clamped_where_too_little_is_left_or_the_request_has_no_limit_to_lower()
    {
        var estimate = Of(Request, "gpt-4o", PricePolicy.AtCost);

        Assert.Null(OutputClamp.Find(Request, estimate, Of(Request with { OutputTokensMax = 15 }, "gpt-4o", PricePolicy.AtCost).Ceiling));
        Assert.Null(OutputClamp.Find(Request with { Limit = null }, estimate, estimate.Ceiling));
        Assert.Null(OutputClamp.Find(Request with { HasOutput = false }, estimate, estimate.Ceiling));
    }

    private Estimate Of(GatewayRequest request, string model, PricePolicy policy)
    {
        var prices = new OrgPrices(PriceBook.Builtin, policy, new Asset("USD"));
        return Estimate.Of(new(prices, _routes.Only!, new Instant(1_760_000_000_000_000)), request, model, outputTokensMax: null, outputTokensDefault: 16_384);
    }
}
