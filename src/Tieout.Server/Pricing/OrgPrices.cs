using System.Collections.Concurrent;
using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Pricing;

/// <summary>What one org pays: the lists that hold for it and its policy. Immutable.</summary>
internal sealed class OrgPrices(PriceBook book, PricePolicy policy, Asset asset)
{
    private readonly ConcurrentDictionary<Upstream, string> _providers = new();
    private readonly ConcurrentDictionary<(Upstream, string Flavor), UsageBlockReader> _readers = new();
    private readonly ConcurrentDictionary<(ResolvedPrice Price, decimal Factor), ResolvedPrice> _ofBatches = new();

    public PriceBook Book => book;

    public PricePolicy Policy => policy;

    /// <summary>The price of a model at an upstream. A price in another asset than the org's is none: amounts of two assets never meet.</summary>
    /// <param name="model">As the provider names it.</param>
    public PriceAnswer Find(Upstream upstream, string model, Instant at) => Find(Of(upstream), model, at);

    /// <summary>As <see cref="Find(Upstream, string, Instant)"/>, for a line of a batch.</summary>
    public PriceAnswer FindForBatch(Upstream upstream, string model, Instant at)
    {
        var answer = Find(upstream, model, at);
        if (answer.Price is not { } price) return answer;
        return answer with { Price = _ofBatches.GetOrAdd((price, upstream.Options.BatchFactor), static of => of.Price.ForBatch(of.Factor)) };
    }

    /// <summary>The price of a model at a provider, for usage that did not pass an upstream of ours. A price in another asset is none here, too.</summary>
    /// <param name="provider">As price lists call it; null: the provider that models of this name belong to.</param>
    public PriceAnswer Find(string? provider, string model, Instant at)
    {
        var answer = book.Find(provider, model, at, policy);
        return answer.Price is { } price && price.Asset != asset
            ? new(null, answer.Limits, policy.UnknownModel is UnknownModel.AdmitUnpriced)
            : answer;
    }

    /// <summary>The models that the lists know of an upstream.</summary>
    public IEnumerable<string> Models(Upstream upstream)
    {
        var provider = Of(upstream);
        return book.Catalogues.SelectMany(list => list.Provider(provider)?.Models ?? []).Select(model => model.Id).Distinct(StringComparer.Ordinal);
    }

    /// <summary>How the answers of one API of an upstream say what was used.</summary>
    /// <param name="own">How they are read where no price list says; null: one does.</param>
    public UsageBlockReader Reader(Upstream upstream, string flavor, UsageExtractor? own = null) =>
        _readers.TryGetValue((upstream, flavor), out var reader) ? reader : _readers.GetOrAdd((upstream, flavor), new UsageBlockReader(
            book.Extractor(Of(upstream), flavor) ?? book.Extractor(upstream.HomeProvider, flavor) ?? own
            ?? throw new InvalidOperationException($"No price list says how {flavor} answers of {upstream.HomeProvider} are read.")));

    /// <summary>A provider that no list knows has the list of its dialect's home.</summary>
    private string Of(Upstream upstream) => _providers.GetOrAdd(upstream, static (upstream, book) =>
    {
        var wanted = upstream.Options.Prices ?? upstream.Options.Name;
        return book.Catalogues.Any(list => list.Provider(wanted) is not null) ? wanted : upstream.HomeProvider;
    }, book);
}
