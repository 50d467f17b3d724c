using Tieout.Core.Money;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>A shorter answer that what is left can pay for.</summary>
/// <param name="OutputTokens">The limit of each answer.</param>
/// <param name="Ceiling">The most that the request may cost with that limit.</param>
internal readonly record struct OutputClamp(long OutputTokens, Amount Ceiling)
{
    /// <summary>A shorter answer is of no use to a client, and OpenAI refuses to be asked for it.</summary>
    private const long OutputTokensMin = 16;

    /// <summary>Finds the longest answer that costs no more than <paramref name="left"/>. Pure.</summary>
    /// <returns>Null: the request has no limit that can be lowered, or there is not enough left for an answer.</returns>
    public static OutputClamp? Find(GatewayRequest request, in Estimate estimate, Amount left)
    {
        if (request is not { Limit: not null, HasOutput: true } || estimate.Price is not { } price) return null;
        var bounds = estimate.Bounds;
        long affordable = 0;
        for (var (low, high) = (Math.Max(OutputTokensMin, request.ThinkingTokens + 1), bounds.OutputTokens / request.Choices); low <= high;)
        {
            var middle = low + (high - low) / 2;
            if (Cost(middle) <= left) (affordable, low) = (middle, middle + 1);
            else high = middle - 1;
        }

        return affordable == 0 ? null : new(affordable, Cost(affordable));

        Amount Cost(long output) => price.Ceiling(bounds with { OutputTokens = output * request.Choices }).Charge;
    }
}
