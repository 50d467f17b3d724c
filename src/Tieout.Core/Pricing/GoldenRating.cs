using System.Collections.Immutable;
using System.Text.Json;
using Tieout.Core.Metering;

namespace Tieout.Core.Pricing;

/// <summary>Answers in the shape of the genai-prices golden set: every extractor of the catalogue that can read a body, and its exact prices.</summary>
public static class GoldenRating
{
    /// <summary>The moment that the expected prices of the golden set are for. The figures are of the list of 2026-08-21, but
    /// prices that changed since then, and those that change by the hour, are taken as they stood at this moment.</summary>
    public static readonly Instant At = Instant.From(new(2025, 11, 6, 12, 0, 0, TimeSpan.Zero));

    /// <summary>Rates a file of the golden set's shape: an array of <c>{"body": ...}</c>, or an object with such an array as <c>items</c>.
    /// Writes <c>{"items":[{"model","extracted":[{"usage","extractors":[...]}]}]}</c> in the same order.</summary>
    /// <exception cref="FormatException">The file has another shape.</exception>
    public static void Write(Utf8JsonWriter json, JsonElement file, PriceCatalogue catalogue, Instant at)
    {
        var items = file.ValueKind is JsonValueKind.Object ? file.Member("items") : file;
        if (items.ValueKind is not JsonValueKind.Array) throw new FormatException("Not in the golden form: an array of objects with a body is expected.");
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var item in items.EnumerateArray()) Write(json, Rate(item.Member("body"), catalogue, at));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Extractors that count the same are grouped, in the order of the catalogue.</summary>
    public static GoldenItem Rate(JsonElement body, PriceCatalogue catalogue, Instant at)
    {
        var read = (
            from provider in catalogue.Providers
            from extractor in provider.Extractors
            let usage = extractor.ReadCounts(body)
            where usage is not null
            select (provider, extractor.Flavor, Model: extractor.ReadModel(body), Usage: usage)).ToArray();
        var groups =
            from one in read
            group new GoldenPrice(one.provider.Id, one.Flavor, PriceOf(one.provider.Id, one.Model, one.Usage)) by one.Usage into same
            select new GoldenUsage(same.Key, [.. same]);
        return new(read.Select(one => one.Model).FirstOrDefault(model => model is not null), [.. groups]);

        ExactPrice? PriceOf(string provider, string? model, UnitCounts usage) =>
            model is not null && catalogue.TryFind(provider, model, out var match)
                ? match.Model.Prices[match.Model.PriceAt(at)].Rates.Price(usage)
                : null;
    }

    private static void Write(Utf8JsonWriter json, GoldenItem item)
    {
        json.WriteStartObject();
        if (item.Model is not null) json.WriteString("model", item.Model);
        json.WriteStartArray("extracted");
        foreach (var extracted in item.Extracted)
        {
            json.WriteStartObject();
            json.WriteStartObject("usage");
            foreach (var (unit, count) in extracted.Usage.Counted) json.WriteNumber(unit.Name, count);
            json.WriteEndObject();
            json.WriteStartArray("extractors");
            foreach (var one in extracted.Extractors) Write(json, one);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, GoldenPrice one)
    {
        json.WriteStartObject();
        json.WriteString("provider_id", one.ProviderId);
        json.WriteString("api_flavor", one.Flavor);
        if (one.Price is { } price)
        {
            json.WriteString("input_price", Pricing.Rate.Plain(price.Input));
            json.WriteString("output_price", Pricing.Rate.Plain(price.Output));
            if (price.Other != 0) json.WriteString("total_price", Pricing.Rate.Plain(price.Total));
        }

        json.WriteEndObject();
    }
}

/// <param name="Model">Null where the body does not name it.</param>
public sealed record GoldenItem(string? Model, ImmutableArray<GoldenUsage> Extracted);

public sealed record GoldenUsage(UnitCounts Usage, ImmutableArray<GoldenPrice> Extractors);

/// <param name="Price">Exact; null where the provider does not list the model.</param>
public sealed record GoldenPrice(string ProviderId, string Flavor, ExactPrice? Price);
