using System.Text.Json;

namespace Tieout.Core.Invoicing.Focus;

/// <summary>Values within a cell of JSON, by the paths that the rules use: <c>$</c>, <c>.name</c> and <c>[*]</c>.</summary>
internal static class FocusJson
{
    /// <summary>The elements at a path. A missing key gives an undefined element for each object that lacks it.</summary>
    public static IEnumerable<JsonElement> At(string cell, string path)
    {
        if (FocusFormats.Parse(cell) is not { } root) return [];
        IEnumerable<JsonElement> found = [root];
        foreach (var step in path.TrimStart('$').Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            var isEach = step.EndsWith("[*]", StringComparison.Ordinal);
            var name = isEach ? step[..^"[*]".Length] : step;
            found = found.Select(json => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default);
            if (isEach) found = found.Where(json => json.ValueKind == JsonValueKind.Array).SelectMany(json => json.EnumerateArray());
        }

        return found;
    }

    public static bool IsOfType(JsonElement json, string type) => json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null || type switch
    {
        "Array" => json.ValueKind == JsonValueKind.Array,
        "Object" => json.ValueKind == JsonValueKind.Object,
        "String" => json.ValueKind == JsonValueKind.String,
        _ => IsNumber(json),
    };

    public static bool IsNumber(JsonElement json) => json.ValueKind == JsonValueKind.Number && FocusFormats.IsNumber(json.GetRawText().ToUpperInvariant());

    public static bool IsText(JsonElement json, Func<string, bool> isFormat) =>
        json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null || json.ValueKind == JsonValueKind.String && isFormat(json.GetString()!);

    /// <summary>Whether an element is a value of a rule: null is what is null or missing.</summary>
    public static bool Is(JsonElement json, string? value) => json.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => value is null,
        JsonValueKind.String => string.Equals(json.GetString(), value, StringComparison.Ordinal),
        _ => string.Equals(json.GetRawText(), value, StringComparison.Ordinal),
    };
}
