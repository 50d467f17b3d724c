using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>The file form of a price list, <c>docs/specs/pricing.md</c>. One model a line, so that a change of price reads as one.</summary>
public static class PriceCatalogueJson
{
    public const string Format = "tieout-prices/1";

    /// <exception cref="FormatException">Not a list of this format; the message says where.</exception>
    public static PriceCatalogue Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonReading.Parse(file);
        var root = document.RootElement;
        if (root.Text("format") != Format) throw new FormatException($"Not a price list: 'format' must be {Format}.");
        var asset = root.RequiredText("asset");
        if (!Asset.IsValid(asset)) throw new FormatException($"'{asset}' is not an asset.");
        var providers = root.Items("providers").Select(ReadProvider).ToImmutableArray();

        return new(
            root.RequiredText("list"), root.RequiredText("version"),
            root.Text("effective") is { } day ? TimedPrice.Day(day) : null, new(asset), providers);
    }

    /// <summary>What <see cref="Read"/> reads.</summary>
    /// <param name="notice">Where the figures come from and under which licence; null: says nothing.</param>
    public static string Write(PriceCatalogue catalogue, string? notice = null)
    {
        var file = new StringBuilder("{\n");
        Member("format", Format);
        if (notice is not null) Member("notice", notice);
        Member("list", catalogue.Name);
        Member("version", catalogue.Version);
        if (catalogue.Effective is { } day) Member("effective", TimedPrice.Text(day));
        Member("asset", catalogue.Asset.Code);
        file.Append("\"providers\":[");
        foreach (var (index, provider) in catalogue.Providers.Index())
        {
            var head = JsonReading.ToText(json => WriteHead(json, provider));
            file.Append(index == 0 ? "\n" : ",\n").Append(head, 0, head.Length - 1).Append(",\"models\":[");
            file.AppendJoin(',', provider.Models.Select(model => "\n" + JsonReading.ToText(json => WriteModel(json, model)))).Append("]}");
        }

        return file.Append("]\n}\n").ToString();

        void Member(string name, string value) => file.Append(JsonReading.ToText(json => json.WriteStringValue(name)))
            .Append(':').Append(JsonReading.ToText(json => json.WriteStringValue(value))).Append(",\n");
    }

    private static ListedProvider ReadProvider(JsonElement json)
    {
        var id = json.RequiredText("id");
        try
        {
            return new(
                id, json.Text("name") ?? id, Clause(json, "alias"), Clause(json, "models_like"),
                [.. json.Items("fallbacks").Select(fallback => fallback.Text())],
                [.. json.Items("usage").Select(ReadExtractor)],
                [.. json.Items("models").Select(ReadModel)]);
        }
        catch (FormatException error)
        {
            throw new FormatException($"Provider '{id}': {error.Message}", error);
        }
    }

    private static ListedModel ReadModel(JsonElement json)
    {
        var id = json.RequiredText("id");
        try
        {
            ImmutableArray<TimedPrice> prices = json.Optional("rates") is { } rates
                ? [new(null, null, RateCard.Read(rates))]
                : [.. json.Items("prices").Select(TimedPrice.Read)];
            if (prices.IsEmpty) throw new FormatException("it has neither 'rates' nor 'prices'.");
            return new(id, MatchClause.Read(json.Member("match")), json.Optional("context_window")?.WholeNumber(), prices);
        }
        catch (FormatException error)
        {
            throw new FormatException($"Model '{id}': {error.Message}", error);
        }
    }

    private static UsageExtractor ReadExtractor(JsonElement json) => new(
        json.RequiredText("flavor"), FieldPath.Parse(json.RequiredText("block")), FieldPath.Parse(json.RequiredText("model")),
        [.. Fields(json, "required", true), .. Fields(json, "optional", false)]);

    private static IEnumerable<CountField> Fields(JsonElement json, string member, bool required) =>
        (json.Optional(member)?.Members() ?? []).Select(field => new CountField(
            FieldPath.Parse(field.Name), required, [.. field.Value.Items().Select(unit => Unit(unit.Text()))]));

    private static UsageUnit Unit(string name) =>
        UsageUnits.Find(name) ?? throw new FormatException($"'{name}' is not a unit of usage.");

    private static MatchClause? Clause(JsonElement json, string name) =>
        json.Optional(name) is { } clause ? MatchClause.Read(clause) : null;

    private static void WriteHead(Utf8JsonWriter json, ListedProvider provider)
    {
        json.WriteStartObject();
        json.WriteString("id", provider.Id);
        json.WriteString("name", provider.Name);
        Write(json, "alias", provider.Alias);
        Write(json, "models_like", provider.ModelsLike);
        if (!provider.Fallbacks.IsEmpty)
        {
            json.WriteStartArray("fallbacks");
            foreach (var fallback in provider.Fallbacks) json.WriteStringValue(fallback);
            json.WriteEndArray();
        }

        json.WriteStartArray("usage");
        foreach (var extractor in provider.Extractors) Write(json, extractor);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, UsageExtractor extractor)
    {
        json.WriteStartObject();
        json.WriteString("flavor", extractor.Flavor);
        json.WriteString("block", extractor.Block.ToString());
        json.WriteString("model", extractor.Model.ToString());
        foreach (var required in new[] { true, false })
        {
            json.WriteStartObject(required ? "required" : "optional");
            foreach (var field in extractor.Fields.Where(field => field.Required == required))
            {
                json.WriteStartArray(field.Path.ToString());
                foreach (var unit in field.Units) json.WriteStringValue(unit.Name);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, ListedModel model)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Id);
        Write(json, "match", model.Match);
        if (model.ContextWindow is { } window) json.WriteNumber("context_window", window);
        if (model.Prices is [{ From: null, Daily: null } always])
        {
            json.WritePropertyName("rates");
            always.Rates.Write(json);
        }
        else
        {
            json.WriteStartArray("prices");
            foreach (var price in model.Prices) price.Write(json);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, MatchClause? clause)
    {
        if (clause is null) return;
        json.WritePropertyName(name);
        clause.Write(json);
    }
}
