using System.Collections.Immutable;
using Tieout.Core.Metering;

namespace Tieout.Core.Pricing;

/// <summary>All price lists that were ever in force, and which of them answers when.</summary>
/// <remarks>
/// Of each list, the version that became effective last answers; a list that became effective later is asked before the others,
/// so that an org's own list outranks the built-in one and leaves to it whatever it does not name.
/// </remarks>
public sealed class PriceBook
{
    private readonly ImmutableArray<PriceCatalogue> _latestFirst;

    /// <param name="catalogues">In the order in which they were added: of two that are effective from the same day, the later one wins.</param>
    public PriceBook(IEnumerable<PriceCatalogue> catalogues) =>
        _latestFirst = [.. catalogues.Reverse().OrderByDescending(list => list.Effective ?? DateOnly.MinValue)];

    /// <summary>The built-in list alone.</summary>
    public static PriceBook Builtin { get; } = new([BuiltinPrices.Catalogue]);

    /// <summary>In the order in which they are asked.</summary>
    public ImmutableArray<PriceCatalogue> Catalogues => _latestFirst;

    /// <summary>The price of a model for an org at a time. The same question gets the same instance, so callers need not keep it.</summary>
    /// <param name="provider">Id or alias; null: the provider that models of this name belong to.</param>
    /// <param name="model">As the provider names it.</param>
    public PriceAnswer Find(string? provider, string model, Instant at, PricePolicy policy)
    {
        var day = DateOnly.FromDateTime(at.ToDateTimeOffset().UtcDateTime);
        for (var i = 0; i < _latestFirst.Length; i++)
        {
            if (!IsInForce(i, day) || !_latestFirst[i].TryFind(provider, model, out var match)) continue;
            if (match.PriceAt(at, policy) is { } price) return new(price, match.Model.Limits, false);
        }

        return new(null, default, policy.UnknownModel is UnknownModel.AdmitUnpriced);
    }

    /// <summary>How to read the responses of one API of a provider; null where no list says.</summary>
    /// <param name="flavor">For example <c>chat</c>.</param>
    public UsageExtractor? Extractor(string provider, string flavor) =>
        _latestFirst.Select(list => list.Provider(provider)?.Extractor(flavor)).FirstOrDefault(extractor => extractor is not null);

    private bool IsInForce(int list, DateOnly day)
    {
        if (_latestFirst[list].Effective > day) return false;
        for (var newer = 0; newer < list; newer++)
        {
            if (_latestFirst[newer].Name == _latestFirst[list].Name && !(_latestFirst[newer].Effective > day)) return false;
        }

        return true;
    }
}

/// <summary>What the price lists say about a model.</summary>
/// <param name="Price">Null: the model is unknown, or known without a rate.</param>
/// <param name="AdmitUnpriced">Without a price: whether the org's policy lets the request through, to be charged later. If not, refuse it.</param>
public readonly record struct PriceAnswer(ResolvedPrice? Price, ModelLimits Limits, bool AdmitUnpriced)
{
    public bool IsRefused => Price is null && !AdmitUnpriced;
}
