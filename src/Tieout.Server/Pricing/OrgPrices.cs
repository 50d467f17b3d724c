using System.Collections.Concurrent;
using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Pricing;

/// <summary>What one org pays: the lists that hold for it and its policy. Immutable.</summary>
internal sealed class OrgPrices(PriceBook book, PricePolicy policy, Asset asset)
{
    /// <summary>The API of a provider that usage is read by.</summary>
    private const string ChatFlavor = "chat";

    private readonly ConcurrentDictionary<Upstream, (string Provider, ChatUsageReader Chat)> _upstreams = new();

    public PriceBook Book => book;

    public PricePolicy Policy => policy;

    /// <summary>The price of a model at an upstream. A price in another asset than the org's is none: amounts of two assets never meet.</summary>
    /// <param name="model">As the provider names it.</param>
    public PriceAnswer Find(Upstream upstream, string model, Instant at) => Find(Of(upstream).Provider, model, at);

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
        var provider = Of(upstream).Provider;
        return book.Catalogues.SelectMany(list => list.Provider(provider)?.Models ?? []).Select(model => model.Id).Distinct(StringComparer.Ordinal);
    }

    /// <summary>How the chat answers of an upstream say what was used.</summary>
    public ChatUsageReader Chat(Upstream upstream) => Of(upstream).Chat;

    private (string Provider, ChatUsageReader Chat) Of(Upstream upstream) => _upstreams.GetOrAdd(upstream, Resolve, (book, 0));

    /// <summary>A provider that no list knows has the list of its dialect's home.</summary>
    private static (string, ChatUsageReader) Resolve(Upstream upstream, (PriceBook Book, int) state)
    {
        var wanted = upstream.Options.Prices ?? upstream.Options.Name;
        var known = state.Book.Catalogues.Any(list => list.Provider(wanted) is not null);
        var provider = known ? wanted : upstream.HomeProvider;
        var chat = state.Book.Extractor(provider, ChatFlavor) ?? state.Book.Extractor(upstream.HomeProvider, ChatFlavor);
        return (provider, new(chat ?? throw new InvalidOperationException($"No price list says how chat answers of {upstream.HomeProvider} are read.")));
    }
}
