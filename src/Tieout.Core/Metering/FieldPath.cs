using System.Collections.Immutable;
using System.Text.Json;

namespace Tieout.Core.Metering;

/// <summary>Where a value lies in a JSON body, written <c>usage.input_tokens</c>; <c>details[modality=TEXT].count</c> takes the
/// first element of the array <c>details</c> whose member <c>modality</c> is TEXT, in any case.</summary>
public sealed class FieldPath
{
    private readonly ImmutableArray<Step> _steps;
    private readonly string _text;

    private FieldPath(string text, ImmutableArray<Step> steps) => (_text, _steps) = (text, steps);

    /// <exception cref="FormatException">Not a path.</exception>
    public static FieldPath Parse(string text) => new(text, [.. text.Split('.').Select(part => Step.Parse(part, text))]);

    /// <returns>Whether the body has the shape that the path expects; if so, <paramref name="value"/> is what lies
    /// there, or <see cref="JsonValueKind.Undefined"/> where there is nothing or null.</returns>
    public bool TryFind(JsonElement body, out JsonElement value)
    {
        value = body;
        foreach (var step in _steps)
        {
            if (value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) break;
            if (value.ValueKind is not JsonValueKind.Object) return false;
            if (!value.TryGetProperty(step.Member, out value)) break;
            if (step.Field is null || value.ValueKind is JsonValueKind.Null) continue;
            if (value.ValueKind is not JsonValueKind.Array) return false;
            value = value.EnumerateArray().FirstOrDefault(step.Selects);
        }

        if (value.ValueKind is JsonValueKind.Null) value = default;
        return true;
    }

    public override string ToString() => _text;

    private readonly record struct Step(string Member, string? Field, string? Wanted)
    {
        public static Step Parse(string text, string path)
        {
            if (text.Length == 0) throw new FormatException($"'{path}' is not a path: a step is empty.");
            var open = text.IndexOf('[', StringComparison.Ordinal);
            if (open < 0) return new(text, null, null);
            var equal = text.IndexOf('=', open);
            if (open == 0 || equal < 0 || !text.EndsWith(']')) throw new FormatException($"'{path}' is not a path: write name[field=value].");
            return new(text[..open], text[(open + 1)..equal], text[(equal + 1)..^1]);
        }

        public bool Selects(JsonElement element) =>
            element.ValueKind is JsonValueKind.Object && element.TryGetProperty(Field!, out var found)
            && found.ValueKind is JsonValueKind.String && string.Equals(found.GetString(), Wanted, StringComparison.OrdinalIgnoreCase);
    }
}
