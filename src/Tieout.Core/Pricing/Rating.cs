using System.Collections.Immutable;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>Prices responses that lie at hand, without a gateway: what <c>tieout rate</c> does.</summary>
public static class Rating
{
    /// <summary>Prices one object <c>{"provider", "model", "usage"}</c>, where usage is the provider's own block, or a whole response with <c>provider</c>
    /// added.</summary>
    /// <param name="item">May say <c>flavor</c>; else the first of the provider's APIs that can read the block is taken, then of those of
    /// OpenAI, which many providers offer, too.</param>
    public static RatedResponse Rate(JsonElement item, PriceBook book, Instant at, PricePolicy policy)
    {
        if (item.ValueKind is not JsonValueKind.Object) return Refused("item_malformed", "$");
        if (Text(item, "provider") is not { } name) return Refused("provider_missing", "provider");
        if (ExtractorsOf(book, name) is not { IsEmpty: false } extractors) return Refused("provider_unknown", name);
        extractors = [.. extractors, .. ExtractorsOf(book, "openai")];
        if (Text(item, "flavor") is { } wanted) extractors = [.. extractors.Where(extractor => extractor.Flavor == wanted)];
        if (extractors.IsEmpty) return Refused("flavor_unknown", "flavor");

        UsageReading.Refused? refused = null;
        foreach (var extractor in extractors)
        {
            switch (extractor.Read(item))
            {
                case UsageReading.Refused first: refused ??= first; break;
                case UsageReading.Measured(var usage): return Priced(name, extractor.Flavor, usage, Text(item, "model") ?? usage.Model);
            }
        }

        return Refused(JsonNamingPolicy.SnakeCaseLower.ConvertName(refused!.Reason.ToString()), refused.Field);

        RatedResponse Priced(string provider, string flavor, MeasuredUsage usage, string? model)
        {
            var own = Line(provider, model, "response", usage with { SubCalls = [] });
            return new([own, .. usage.SubCalls.Select(call => Line(
                provider, call.Model ?? model, call.Kind, new(call.Model, call.Units, null, UsageFlags.None, [])))], flavor, usage, null, null);
        }

        RatedLine Line(string provider, string? model, string kind, MeasuredUsage usage)
        {
            var price = model is null ? null : book.Find(provider, model, at, policy).Price;
            var priced = price?.Price(usage) ?? new(Amount.Zero, Amount.Zero, usage.Flags | UsageFlags.Unpriced);
            return new(kind, provider, model, usage.Units, price, priced.ProviderCost, priced.Charge, priced.Flags);
        }
    }

    private static ImmutableArray<UsageExtractor> ExtractorsOf(PriceBook book, string provider) =>
        book.Catalogues.Select(list => list.Provider(provider)).FirstOrDefault(listed => listed is { Extractors.Length: > 0 })?.Extractors ?? [];

    private static RatedResponse Refused(string reason, string where) => new([], null, null, reason, where);

    private static string? Text(JsonElement json, string member) =>
        json.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}

/// <summary>One response priced, its sub-calls each as its own model; or why it could not be read.</summary>
/// <param name="Lines">The response itself first. Empty where it was refused.</param>
/// <param name="Refusal">A stable code, snake_case; null: it was read.</param>
/// <param name="Where">The field or name that the refusal is about.</param>
public sealed record RatedResponse(ImmutableArray<RatedLine> Lines, string? Flavor, MeasuredUsage? Usage, string? Refusal, string? Where)
{
    public Amount ProviderCost => Amount.Sum(Lines.Select(line => line.ProviderCost));

    public Amount Charge => Amount.Sum(Lines.Select(line => line.Charge));

    /// <summary>The form that <c>tieout rate --json</c> prints.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (Refusal is not null)
        {
            json.WriteString("refused", Refusal);
            json.WriteString("where", Where);
        }
        else
        {
            json.WriteString("flavor", Flavor);
            json.WriteString("provider_cost", ProviderCost.ToString());
            json.WriteString("charge", Charge.ToString());
            if (Usage?.ReportedCost is { } reported) json.WriteString("reported_cost", Pricing.Rate.Plain(reported));
            json.WriteStartArray("lines");
            foreach (var line in Lines) line.Write(json);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}

/// <param name="Kind"><c>response</c>, or the provider's word for a call within it.</param>
/// <param name="Price">Null: the model has no price.</param>
public sealed record RatedLine(
    string Kind, string Provider, string? Model, UnitCounts Counts, ResolvedPrice? Price, Amount ProviderCost, Amount Charge, UsageFlags Flags)
{
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", Kind);
        json.WriteString("provider", Provider);
        json.WriteString("model", Model);
        json.WriteStartObject("usage");
        foreach (var (unit, count) in Counts.Counted) json.WriteNumber(unit.Name, count);
        json.WriteEndObject();
        json.WriteString("price_list", Price?.List);
        json.WriteString("priced_as", Price?.Model);
        WriteAmount("provider_cost", ProviderCost);
        WriteAmount("charge", Charge);
        json.WriteStartArray("flags");
        foreach (var flag in Enum.GetValues<UsageFlags>().Where(flag => flag != UsageFlags.None && Flags.HasFlag(flag)))
        {
            json.WriteStringValue(JsonNamingPolicy.SnakeCaseLower.ConvertName(flag.ToString()));
        }

        json.WriteEndArray();
        json.WriteEndObject();

        // Unpriced is not zero, and does not look like it.
        void WriteAmount(string name, Amount amount) => json.WriteString(name, Price is null ? null : amount.ToString());
    }
}
