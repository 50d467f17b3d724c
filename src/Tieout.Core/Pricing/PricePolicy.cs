using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tieout.Core.Metering;

namespace Tieout.Core.Pricing;

/// <summary>What an org pays, starting from the list: a markup, rates of its own, what becomes of unknown models.</summary>
/// <remarks>Equal when their stored form is. Kept as a setting of the org.</remarks>
public sealed class PricePolicy : IEquatable<PricePolicy>
{
    /// <summary>Above any markup meant, so that a slip is refused.</summary>
    public const decimal MarkupMax = 1_000;

    internal const string ReportedCost = "reported_cost";

    private readonly string _json;
    private readonly int _hash;

    /// <param name="markup">The charge is the provider's cost times this; 1 is at cost. From 0 to <see cref="MarkupMax"/>.</param>
    /// <param name="overrides">The first that matches counts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A markup is out of range.</exception>
    public PricePolicy(
        decimal markup = 1, UnknownModel unknownModel = UnknownModel.Refuse, CostBasis basis = CostBasis.Rates,
        ImmutableArray<PriceOverride> overrides = default)
    {
        Markup = markup;
        UnknownModel = unknownModel;
        Basis = basis;
        Overrides = overrides.IsDefault ? [] : overrides;
        foreach (var factor in Overrides.Select(one => one.Markup ?? 1).Append(markup))
        {
            ArgumentOutOfRangeException.ThrowIfNegative(factor, nameof(markup));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(factor, MarkupMax, nameof(markup));
        }

        _json = JsonReading.ToText(Write);
        _hash = _json.GetHashCode(StringComparison.Ordinal);
    }

    public static PricePolicy AtCost { get; } = new();

    public decimal Markup { get; }

    public UnknownModel UnknownModel { get; }

    public CostBasis Basis { get; }

    public ImmutableArray<PriceOverride> Overrides { get; }

    public string ToJson() => _json;

    /// <exception cref="FormatException">Not what <see cref="ToJson"/> writes.</exception>
    public static PricePolicy Parse(string json)
    {
        using var document = JsonReading.Parse(Encoding.UTF8.GetBytes(json));
        var root = document.RootElement;
        try
        {
            return new(
                Factor(root) ?? 1,
                Choice(root, "unknown_model", ("refuse", UnknownModel.Refuse), ("admit_unpriced", UnknownModel.AdmitUnpriced)),
                ReadBasis(root),
                [.. root.Items("overrides").Select(PriceOverride.Read)]);
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw new FormatException($"A markup must be from 0 to {MarkupMax}.", error);
        }
    }

    public bool Equals(PricePolicy? other) => ReferenceEquals(this, other) || (other is not null && _hash == other._hash && _json == other._json);

    public override bool Equals(object? obj) => Equals(obj as PricePolicy);

    public override int GetHashCode() => _hash;

    internal static CostBasis ReadBasis(JsonElement json) =>
        Choice(json, "basis", ("rates", CostBasis.Rates), (ReportedCost, CostBasis.ReportedCost));

    internal static decimal? Factor(JsonElement json, string name = "markup") =>
        json.Text(name) is not { } text ? null
        : decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) ? factor
        : throw new FormatException($"'{text}' is not a {name}: write a factor such as 1.2.");

    internal ResolvedPrice Apply(PriceCatalogue catalogue, string provider, string model, TimedPrice timed)
    {
        var instead = Overrides.FirstOrDefault(one => one.Covers(provider, model));
        var charged = instead?.Rates is { } rates ? timed.Rates.With(rates) : null;
        var markup = instead?.Markup ?? (charged is null ? Markup : 1);
        return new(catalogue.Id, catalogue.Asset, provider, model, timed.From, timed.Rates, charged, markup, Basis);
    }

    private static T Choice<T>(JsonElement json, string name, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        if (json.Text(name) is not { } text) return choices[0].Value;
        foreach (var choice in choices)
        {
            if (choice.Name == text) return choice.Value;
        }

        throw new FormatException($"'{text}' is no choice for {name}.");
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("markup", Rate.Plain(Markup));
        json.WriteString("unknown_model", UnknownModel is UnknownModel.Refuse ? "refuse" : "admit_unpriced");
        json.WriteString("basis", Basis is CostBasis.Rates ? "rates" : ReportedCost);
        json.WriteStartArray("overrides");
        foreach (var one in Overrides) one.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>What an org pays for some models instead of the list's price.</summary>
/// <param name="Provider">Null: any.</param>
/// <param name="Model">The catalogue's id of the model; null: any.</param>
/// <param name="Rates">Final: the policy's markup does not come on top. Units that are not here keep the list's rate. Null: the list's rates.</param>
/// <param name="Markup">Null: the policy's; or 1 where there are <paramref name="Rates"/>.</param>
public sealed record PriceOverride(MatchClause? Provider, MatchClause? Model, RateCard? Rates, decimal? Markup = null)
{
    public bool Covers(string provider, string model) => (Provider?.Matches(provider) ?? true) && (Model?.Matches(model) ?? true);

    internal static PriceOverride Read(JsonElement json) => new(
        json.Optional("provider") is { } provider ? MatchClause.Read(provider) : null,
        json.Optional("model") is { } model ? MatchClause.Read(model) : null,
        json.Optional("rates") is { } rates ? RateCard.Read(rates) : null,
        PricePolicy.Factor(json));

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        WriteClause("provider", Provider);
        WriteClause("model", Model);
        if (Rates is not null)
        {
            json.WritePropertyName("rates");
            Rates.Write(json);
        }

        if (Markup is { } markup) json.WriteString("markup", Rate.Plain(markup));
        json.WriteEndObject();

        void WriteClause(string name, MatchClause? clause)
        {
            if (clause is null) return;
            json.WritePropertyName(name);
            clause.Write(json);
        }
    }
}

/// <summary>What becomes of a request for a model without a price.</summary>
public enum UnknownModel
{
    /// <summary>It is refused before anything is sent.</summary>
    Refuse,

    /// <summary>It is admitted, its charge says that it has no price, and that is a finding. Never silently free.</summary>
    AdmitUnpriced,
}

/// <summary>What the provider's cost is taken to be.</summary>
public enum CostBasis
{
    /// <summary>Counts times rates.</summary>
    Rates,

    /// <summary>The cost that the provider reports with a response, as OpenRouter does; counts times rates where it reports none or zero.
    /// An org's own rates still outrank it for what the org pays.</summary>
    ReportedCost,
}
