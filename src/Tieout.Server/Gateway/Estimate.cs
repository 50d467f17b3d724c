using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Why a request cannot be held for, whatever the account has.</summary>
internal enum EstimateProblem
{
    None,

    /// <summary>The price lists do not have the model, and the org's policy refuses models without a price.</summary>
    NotPriced,

    /// <summary>The ceiling is above the largest amount.</summary>
    TooLarge,
}

/// <summary>Step 3: the most that a request may cost at one upstream.</summary>
/// <param name="Prices">Where <see cref="Price"/> comes from; the charge uses the same.</param>
/// <param name="Price">Null: no price is known, and the policy admits that. Nothing is held then.</param>
/// <param name="Bounds">The most that the request may use. Empty without a price.</param>
/// <param name="Ceiling">The price of <see cref="Bounds"/>.</param>
internal readonly record struct Estimate(AttemptPrices Prices, ResolvedPrice? Price, UsageBounds Bounds, Amount Ceiling, EstimateProblem Problem)
{
    /// <summary>Pure: the same prices and request give the same estimate.</summary>
    /// <param name="model">As the provider names it.</param>
    /// <param name="outputTokensMax">The most output tokens that the upstream is configured to answer with; null: it is not configured.</param>
    /// <param name="outputTokensDefault">Output tokens assumed where neither the request nor the upstream has a limit.</param>
    public static Estimate Of(in AttemptPrices prices, GatewayRequest request, string model, long? outputTokensMax, long outputTokensDefault)
    {
        var answer = prices.Of(model);
        if (answer.IsRefused) return Failed(prices, EstimateProblem.NotPriced);
        if (answer.Price is not { } price) return new(prices, Price: null, default, Amount.Zero, EstimateProblem.None);
        try
        {
            var bounds = Gateway.Ceiling.Of(request, outputTokensMax, answer.Limits, outputTokensDefault);
            return new(prices, price, bounds, price.Ceiling(bounds).Charge, EstimateProblem.None);
        }
        catch (OverflowException)
        {
            return Failed(prices, EstimateProblem.TooLarge);
        }
    }

    private static Estimate Failed(in AttemptPrices prices, EstimateProblem problem) => new(prices, Price: null, default, Amount.Zero, problem);
}
