using Tieout.Core;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;

namespace Tieout.Server.Gateway;

/// <summary>Resolves the prices of one attempt: its hold and its charge use the same lists, at the same time (M3). No other code of the gateway looks up a price.</summary>
/// <param name="Org">Prices of the org that pays.</param>
/// <param name="At">When the attempt was made.</param>
/// <param name="InBatch">The attempt is a line of a batch, and costs what batches do.</param>
internal readonly record struct AttemptPrices(OrgPrices Org, Upstream Upstream, Instant At, bool InBatch = false)
{
    /// <param name="model">As the provider names it.</param>
    public PriceAnswer Of(string model) => InBatch ? Org.FindForBatch(Upstream, model, At) : Org.Find(Upstream, model, At);
}
