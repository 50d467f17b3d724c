using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>One version of one price list: which models there are, what they cost when, and how usage is read.</summary>
public sealed class PriceCatalogue
{
    /// <summary>Names of models come from clients: past this many, remembering begins anew.</summary>
    private const int RememberedMax = 10_000;

    private readonly FrozenDictionary<string, ListedProvider> _byId;
    private readonly ConcurrentDictionary<(string? Provider, string Model), PriceMatch?> _remembered = new();
    private readonly ConcurrentDictionary<(string Provider, string Lender, string Model), PriceMatch> _matches = new();

    /// <param name="name">Of the list, for example <c>builtin</c>; versions of one list share it.</param>
    /// <param name="version">For example <c>2026-08-21</c>. Name and version together never mean two different contents.</param>
    /// <param name="effective">The first day (UTC) on which this version is used; null: always.</param>
    /// <param name="asset">What its rates are in.</param>
    /// <exception cref="FormatException">A provider or a model of one is listed twice, or a fallback is not listed.</exception>
    public PriceCatalogue(string name, string version, DateOnly? effective, Asset asset, ImmutableArray<ListedProvider> providers)
    {
        (Name, Version, Effective, Asset, Providers) = (name, version, effective, asset, providers);
        Id = $"{name}@{version}";
        OnlyOnce("Provider", providers.Select(provider => provider.Id));
        _byId = providers.ToFrozenDictionary(provider => provider.Id, StringComparer.OrdinalIgnoreCase);
        foreach (var provider in providers)
        {
            OnlyOnce($"Provider '{provider.Id}': Model", provider.Models.Select(model => model.Id));
            var missing = provider.Fallbacks.FirstOrDefault(fallback => !_byId.ContainsKey(fallback));
            if (missing is not null) throw new FormatException($"Provider '{provider.Id}' falls back to '{missing}', which is not listed.");
        }
    }

    public string Name { get; }

    public string Version { get; }

    public DateOnly? Effective { get; }

    public Asset Asset { get; }

    public ImmutableArray<ListedProvider> Providers { get; }

    /// <summary>What a charge names: <c>builtin@2026-08-21</c>.</summary>
    public string Id { get; }

    /// <summary>By id, else the first whose aliases match.</summary>
    public ListedProvider? Provider(string provider) =>
        _byId.GetValueOrDefault(provider.Trim()) ?? Providers.FirstOrDefault(listed => listed.Alias?.Matches(provider.Trim()) ?? false);

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
        var listed = provider is null ? Providers.FirstOrDefault(one => one.ModelsLike?.Matches(model) ?? false) : Provider(provider);
        if (listed is null) return null;
        if (listed.Model(model) is { } own) return Match(listed, listed, own);
        foreach (var fallback in listed.Fallbacks)
        {
            if (_byId.GetValueOrDefault(fallback) is { } lender && lender.Model(model) is { } lent) return Match(listed, lender, lent);
        }

        return null;
    }

    /// <summary>The same instance by whatever name the model is asked for, so that its prices are, too.</summary>
    private PriceMatch Match(ListedProvider listed, ListedProvider lender, ListedModel model) =>
        _matches.GetOrAdd((listed.Id, lender.Id, model.Id), _ => new(this, listed, model));

    private static void OnlyOnce(string what, IEnumerable<string> ids)
    {
        var twice = ids.CountBy(id => id, StringComparer.OrdinalIgnoreCase).FirstOrDefault(id => id.Value > 1).Key;
        if (twice is not null) throw new FormatException($"{what} '{twice}' is listed twice.");
    }
}
