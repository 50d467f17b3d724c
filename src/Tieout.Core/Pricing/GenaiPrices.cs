using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>Reads the genai-prices catalogue, version 2 (an array of providers, prices in US dollars), into our own form.</summary>
public static class GenaiPrices
{
    /// <param name="file">The JSON file as published.</param>
    /// <param name="name">Of the resulting list.</param>
    /// <param name="version">Of the resulting list.</param>
    /// <param name="effective">See <see cref="PriceCatalogue.Effective"/>.</param>
    /// <exception cref="FormatException">Not such a file, or it says something that we could only guess at; the message says where.</exception>
    public static PriceCatalogue Import(ReadOnlyMemory<byte> file, string name, string version, DateOnly? effective)
    {
        using var document = JsonReading.Parse(file);
        if (document.RootElement.ValueKind is not JsonValueKind.Array)
        {
            throw new FormatException("Not a genai-prices file: its root must be an array of providers.");
        }

        return new(name, version, effective, Asset.Usd, [.. document.RootElement.EnumerateArray().Select(Provider)]);
    }

    /// <summary>The name under which genai-prices lists the rate of a unit, for example <c>input_mtok</c>.</summary>
    public static string RateName(UsageUnit unit)
    {
        var (unitSuffix, rateSuffix) = unit.Family switch
        {
            "tokens" => ("_tokens", "_mtok"),
            "characters" => ("_characters", "_mchars"),
            "durations" => ("_seconds", "_hours"),
            "pixels" => ("_pixels", "_gpixels"),
            "document_pages" => ("_pages", "_kpages"),
            _ => ("", "_kcount"),
        };
        return unit.Name[..^unitSuffix.Length] + rateSuffix;
    }

    private static readonly FrozenDictionary<string, UsageUnit> ByRateName =
        UsageUnits.All.Where(unit => unit != UsageUnits.ReportedCost).ToFrozenDictionary(RateName, StringComparer.Ordinal);

    private static ListedProvider Provider(JsonElement json)
    {
        var id = json.RequiredText("id");
        try
        {
            return new(
                id, json.RequiredText("name"), Clause(json, "provider_match"), Clause(json, "model_match"),
                [.. json.Items("fallback_model_providers").Select(fallback => fallback.Text())],
                [.. json.Items("extractors").Select(Extractor)],
                [.. json.Items("models").Select(Model)]);
        }
        catch (FormatException error)
        {
            throw new FormatException($"Provider '{id}': {error.Message}", error);
        }
    }

    private static ListedModel Model(JsonElement json)
    {
        var id = json.RequiredText("id");
        try
        {
            var prices = json.Member("prices");
            return new(
                id, MatchClause.Read(json.Member("match")),
                json.Optional("context_window")?.WholeNumber(),
                prices.ValueKind is JsonValueKind.Array ? [.. prices.EnumerateArray().Select(Timed)] : [new(null, null, Rates(prices))]);
        }
        catch (FormatException error)
        {
            throw new FormatException($"Model '{id}': {error.Message}", error);
        }
    }

    private static TimedPrice Timed(JsonElement json)
    {
        var rates = Rates(json.Member("prices"));
        if (json.Optional("constraint") is not { } constraint) return new(null, null, rates);
        if (constraint.Text("start_date") is { } day) return new(TimedPrice.Day(day), null, rates);
        return new(null, new(Time(constraint.RequiredText("start_time")), Time(constraint.RequiredText("end_time"))), rates);
    }

    private static TimeOnly Time(string text) =>
        TimeOnly.TryParseExact(text, "HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) && time.Second == 0
            ? time
            : throw new FormatException($"'{text}' is not a time of day in UTC to the minute.");

    private static RateCard Rates(JsonElement json) => new(json.Members().Select(member => KeyValuePair.Create(
        ByRateName.GetValueOrDefault(member.Name) ?? throw new FormatException($"'{member.Name}' is a price of no unit we know."),
        OneRate(member.Value))));

    private static Rate OneRate(JsonElement json) =>
        json.ValueKind is JsonValueKind.Object
            ? Rate.Tiered(
                Price(json.Member("base")), json.Items("tiers").Select(tier => new Tier(tier.Member("start").WholeNumber(), Price(tier.Member("price")))))
            : Price(json);

    private static decimal Price(JsonElement json) =>
        json.ValueKind is JsonValueKind.Number && json.TryGetDecimal(out var price)
            ? Rate.Checked(price)
            : throw new FormatException($"{json.Start()} is not a price.");

    /// <summary>Fields that add to several units are listed once for each; here they are one field with several units.</summary>
    private static UsageExtractor Extractor(JsonElement json) => new(
        json.Text("api_flavor") ?? "default", Path(json.Member("root")),
        json.Optional("model_path") is { } model ? Path(model) : FieldPath.Parse("model"),
        [.. from mapping in json.Items("mappings")
            let required = mapping.Optional("required") is not { ValueKind: JsonValueKind.False }
            let unit = mapping.RequiredText("dest")
            group UsageUnits.Find(unit) ?? throw new FormatException($"'{unit}' is not a unit of usage.")
                by (path: Path(mapping.Member("path")).ToString(), required) into field
            orderby field.Key.required descending
            select new CountField(FieldPath.Parse(field.Key.path), field.Key.required, [.. field])]);

    private static FieldPath Path(JsonElement json) => FieldPath.Parse(
        json.ValueKind is JsonValueKind.String
            ? json.GetString()!
            : json.Items().Aggregate("", (path, step) => step.ValueKind is JsonValueKind.String
                ? (path.Length == 0 ? "" : path + ".") + step.GetString()
                : path + Choice(step)));

    private static string Choice(JsonElement step) =>
        step.Member("match").Text("equals") is { } wanted
            ? $"[{step.RequiredText("field")}={wanted}]"
            : throw new FormatException($"A path chooses array elements by something else than equality: {step.Start()}");

    private static MatchClause? Clause(JsonElement json, string name) =>
        json.Optional(name) is { } clause ? MatchClause.Read(clause) : null;
}
