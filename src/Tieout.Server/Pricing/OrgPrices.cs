using System.Collections.Concurrent;
using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Server.Pricing;

/// <summary>What one org pays: the lists that hold for it and its policy. Immutable.</summary>
internal sealed class OrgPrices(PriceBook book, PricePolicy policy, Asset asset)
{
    private readonly ConcurrentDictionary<(string Name, string Home), string> _providers = new();
    private readonly ConcurrentDictionary<(ResolvedPrice Price, decimal Factor), ResolvedPrice> _ofBatches = new();

    public PriceBook Book => book;

    public PricePolicy Policy => policy;

    public Asset Asset => asset;

    /// <summary>The price of a model at a provider. A price in another asset than the org's is none: amounts of two assets never meet.</summary>
    /// <param name="provider">As price lists call it; null: the provider that models of this name belong to.</param>
    /// <param name="model">As the provider names it.</param>
    public PriceAnswer Find(string? provider, string model, Instant at)
    {
        var answer = book.Find(provider, model, at, policy);
        return answer.Price is { } price && price.Asset != asset
            ? new(null, answer.Limits, policy.UnknownModel is UnknownModel.AdmitUnpriced)
            : answer;
    }

    /// <summary>As <see cref="Find"/>, for a line of a batch.</summary>
    /// <param name="factor">What a line of a batch costs of the price of a request.</param>
    public PriceAnswer FindForBatch(string provider, string model, Instant at, decimal factor)
    {
        var answer = Find(provider, model, at);
        if (answer.Price is not { } price) return answer;
        return answer with { Price = _ofBatches.GetOrAdd((price, factor), static of => of.Price.ForBatch(of.Factor)) };
    }

    /// <summary>The models that the lists know of a provider.</summary>
    public IEnumerable<string> Models(string provider) =>
        book.Catalogues.SelectMany(list => list.Provider(provider)?.Models ?? []).Select(model => model.Id).Distinct(StringComparer.Ordinal);

    /// <summary>How a provider says in answers of one API what was used; null: no list says it.</summary>
    public UsageExtractor? Extractor(string provider, string flavor) => book.Extractor(provider, flavor);

    /// <summary>Under which provider of the lists an upstream is priced: its own name, else, where no list knows that, its dialect's home.</summary>
    public string ProviderOf(string name, string home) => _providers.GetOrAdd(
        (name, home), static (wanted, book) => book.Catalogues.Any(list => list.Provider(wanted.Name) is not null) ? wanted.Name : wanted.Home, book);
}
