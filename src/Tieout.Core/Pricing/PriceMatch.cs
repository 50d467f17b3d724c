using System.Collections.Concurrent;

namespace Tieout.Core.Pricing;

/// <summary>A model found in a list. Hands out the same <see cref="ResolvedPrice"/> for the same question.</summary>
public sealed class PriceMatch(PriceCatalogue catalogue, ListedProvider provider, ListedModel model)
{
    /// <summary>Every edit of an org's policy is a new one: past this many, remembering begins anew.</summary>
    private const int RememberedMax = 1_000;

    private readonly ConcurrentDictionary<(int Price, PricePolicy Policy), ResolvedPrice> _resolved = new();

    public PriceCatalogue Catalogue => catalogue;

    /// <summary>The provider that was asked for, also where another's list holds.</summary>
    public ListedProvider Provider => provider;

    public ListedModel Model => model;

    /// <summary>Null where the list names the model without any rate.</summary>
    public ResolvedPrice? PriceAt(Instant at, PricePolicy policy)
    {
        var index = model.PriceAt(at);
        var timed = model.Prices[index];
        if (timed.Rates.IsEmpty) return null;
        if (_resolved.TryGetValue((index, policy), out var known)) return known;
        if (_resolved.Count >= RememberedMax) _resolved.Clear();
        return _resolved.GetOrAdd((index, policy), policy.Apply(catalogue, provider.Id, model.Id, timed));
    }
}
