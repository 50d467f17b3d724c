using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>One version of one price list: which models there are, what they cost when, and how usage is read.</summary>
/// <param name="name">Of the list, for example <c>builtin</c>; versions of one list share it.</param>
/// <param name="version">For example <c>2026-08-21</c>. Name and version together never mean two different contents.</param>
/// <param name="effective">The first day (UTC) on which this version is used; null: always.</param>
/// <param name="asset">What its rates are in.</param>
public sealed class PriceCatalogue(
    string name, string version, DateOnly? effective, Asset asset, ImmutableArray<ListedProvider> providers)
{
    /// <summary>Names of models come from clients: past this many, remembering begins anew.</summary>
    private const int RememberedMax = 10_000;

    private readonly FrozenDictionary<string, ListedProvider> _byId = providers.ToFrozenDictionary(provider => provider.Id, StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<(string? Provider, string Model), PriceMatch?> _remembered = new();

    public string Name => name;

    public string Version => version;

    public DateOnly? Effective => effective;

    public Asset Asset => asset;

    public ImmutableArray<ListedProvider> Providers => providers;

    /// <summary>What a charge names: <c>builtin@2026-08-21</c>.</summary>
    public string Id { get; } = $"{name}@{version}";

    /// <summary>By id, else the first whose aliases match.</summary>
    public ListedProvider? Provider(string provider) =>
        _byId.GetValueOrDefault(provider.Trim()) ?? providers.FirstOrDefault(listed => listed.Alias?.Matches(provider.Trim()) ?? false);

    /// <summary>The listed model that <paramref name="model"/> means at <paramref name="provider"/>, or at the provider that
    /// models of this name belong to where none is given. The first that matches, in the order of the list.</summary>
    public bool TryFind(string? provider, string model, [NotNullWhen(true)] out PriceMatch? match)
    {
        if (_remembered.TryGetValue((provider, model), out match)) return match is not null;
        match = Search(provider, model);
        if (_remembered.Count >= RememberedMax) _remembered.Clear();
        _remembered[(provider, model)] = match;
        return match is not null;
    }

    /// <summary>The price in force, or null where the list does not know the model or knows no rate for it.</summary>
    /// <param name="policy">Null: at cost.</param>
    public ResolvedPrice? Find(string? provider, string model, Instant at, PricePolicy? policy = null) =>
        TryFind(provider, model, out var match) ? match.PriceAt(at, policy ?? PricePolicy.AtCost) : null;

    private PriceMatch? Search(string? provider, string model)
    {
        var listed = provider is null ? providers.FirstOrDefault(one => one.ModelsLike?.Matches(model) ?? false) : Provider(provider);
        if (listed is null) return null;
        if (listed.Model(model) is { } own) return new(this, listed, own);
        foreach (var fallback in listed.Fallbacks)
        {
            if (_byId.GetValueOrDefault(fallback)?.Model(model) is { } lent) return new(this, listed, lent);
        }

        return null;
    }
}

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
