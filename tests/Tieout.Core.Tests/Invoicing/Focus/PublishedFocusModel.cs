using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tieout.Core.Invoicing.Focus;
using Tieout.Tests;

namespace Tieout.Core.Tests.Invoicing.Focus;

/// <summary>The published rule model of FOCUS 1.3, and the shorter form of it that comes with the program.</summary>
internal static class PublishedFocusModel
{
    public static JsonElement Rules { get; } =
        JsonDocument.Parse(File.ReadAllBytes(Repo.SharedData("focus/1.3/model-1.3.merged.json"))).RootElement.GetProperty("ModelRules");

    /// <summary>One rule a line.</summary>
    public static string Short()
    {
        var lines = Rules.EnumerateObject().Select(rule => Line(json => Rule(json, rule.Name, rule.Value)));
        return $$"""
            {"notice":"{{FocusModel.Notice}}","version":"{{FocusModel.Version}}","rules":[
            {{string.Join(",\n", lines)}}
            ]}

            """;
    }

    private static string Line(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) write(json);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Rule(Utf8JsonWriter json, string id, JsonElement rule)
    {
        var criteria = rule.GetProperty("ValidationCriteria");
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("says", criteria.GetProperty("MustSatisfy").GetString());
        json.WriteString("level", criteria.GetProperty("Keyword").GetString() switch
        {
            "MUST" or "MUST NOT" => "MUST",
            "SHOULD" or "SHOULD NOT" or "RECOMMENDED" => "SHOULD",
            "MAY" => "MAY",
            var other => throw new InvalidOperationException($"{id} has the keyword {other}."),
        });
        var isStatic = rule.GetProperty("Type").GetString() == "Static";
        var isRemoved = rule.GetProperty("Status").GetString() == "Removed";
        if (isRemoved || !isStatic) json.WriteString("kind", isRemoved ? "removed" : "dynamic");
        if (rule.TryGetProperty("DatasetType", out var dataset) && dataset.GetString() is { } of) json.WriteString("of", of);
        if (rule.GetProperty("ApplicabilityCriteria").GetArrayLength() > 0)
        {
            json.WriteStartArray("needs");
            foreach (var need in rule.GetProperty("ApplicabilityCriteria").EnumerateArray()) json.WriteStringValue(need.GetString());
            json.WriteEndArray();
        }

        if (isStatic && !isRemoved)
        {
            if (criteria.GetProperty("Condition").EnumerateObject().Any()) Check(json, "if", criteria.GetProperty("Condition"));
            Check(json, "then", criteria.GetProperty("Requirement"));
        }

        json.WriteEndObject();
    }

    private static void Check(Utf8JsonWriter json, string name, JsonElement check)
    {
        json.WritePropertyName(name);
        Check(json, check);
    }

    private static void Check(Utf8JsonWriter json, JsonElement check)
    {
        json.WriteStartArray();

        // Two conditions of the model have the operator as the member's name.
        if (check.TryGetProperty("AND", out var all))
        {
            json.WriteStringValue("AND");
            if (all.ValueKind == JsonValueKind.Array) foreach (var item in all.EnumerateArray()) Check(json, item);
            else Check(json, all);
        }
        else
        {
            var function = check.GetProperty("CheckFunction").GetString()!;
            json.WriteStringValue(function);
            if (function is "AND" or "OR") foreach (var item in check.GetProperty("Items").EnumerateArray()) Check(json, item);
            else foreach (var argument in Arguments(function)) Argument(json, check, argument);
        }

        json.WriteEndArray();
    }

    private static string[] Arguments(string function) => function switch
    {
        "CheckModelRule" => ["ModelRuleId"],
        "CheckValue" or "CheckNotValue" or "CheckGreaterOrEqualThanValue" => ["ColumnName", "Value"],
        "CheckSameValue" => ["ColumnAName", "ColumnBName"],
        "CheckDistinctCount" => ["ColumnAName", "ColumnBName", "ExpectedCount"],
        "ColumnByColumnEqualsColumnValue" => ["ColumnAName", "ColumnBName", "ResultColumnName"],
        "JSONCheckPathType" => ["ColumnName", "Path", "ExpectedType"],
        "JSONCheckPathKeyStartsWith" => ["ColumnName", "Path", "Prefix", "IgnoreKeys"],
        "JSONCheckPathValue" or "JSONCheckPathNotValue" => ["ColumnName", "Path", "Value"],
        "JSONCheckPathSameValue" => ["ColumnAName", "PathA", "ColumnBName"],
        "JSONCheckPathDistinctParent" => ["ColumnName", "ChildPath", "ParentPath", "ExpectedCount"],
        _ when function.StartsWith("JSON", StringComparison.Ordinal) => ["ColumnName", "Path"],
        _ => ["ColumnName"],
    };

    private static void Argument(Utf8JsonWriter json, JsonElement check, string name)
    {
        // Two rules call the column by another name.
        var value = check.TryGetProperty(name, out var found) ? found : check.GetProperty("CheckCondition");
        if (value.ValueKind == JsonValueKind.Array) json.WriteStringValue(string.Join(' ', value.EnumerateArray().Select(item => item.GetString())));
        else value.WriteTo(json);
    }
}
