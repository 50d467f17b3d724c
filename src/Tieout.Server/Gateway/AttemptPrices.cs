using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;

namespace Tieout.Server.Gateway;

/// <summary>Resolves the prices of one attempt: its hold and its charge use the same lists, at the same time (M3). No other code of the gateway looks up a
/// price.</summary>
/// <param name="Org">Prices of the org that pays.</param>
/// <param name="At">When the attempt was made.</param>
/// <param name="InBatch">The attempt is a line of a batch, and costs what batches do.</param>
internal readonly record struct AttemptPrices(OrgPrices Org, Upstream Upstream, Instant At, bool InBatch = false)
{
    // A reader depends on its extractor alone, and lists come and go with the settings.
    private static readonly ConditionalWeakTable<UsageExtractor, UsageBlockReader> Readers = [];

    /// <param name="model">As the provider names it.</param>
    public PriceAnswer Of(string model)
    {
        var provider = Upstream.PricedAs(Org);
        return InBatch ? Org.FindForBatch(provider, model, At, Upstream.Options.BatchFactor) : Org.Find(provider, model, At);
    }

    /// <summary>How the answers of one API of the upstream say what was used.</summary>
    /// <param name="own">How they are read where no price list says; null: one does.</param>
    public UsageBlockReader Reader(string flavor, UsageExtractor? own = null)
    {
        var extractor = Org.Extractor(Upstream.PricedAs(Org), flavor) ?? Org.Extractor(Upstream.HomeProvider, flavor) ?? own
            ?? throw new InvalidOperationException($"No price list says how {flavor} answers of {Upstream.HomeProvider} are read.");
        return Readers.GetValue(extractor, static extractor => new(extractor));
    }
}
