using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tieout.Core.Pricing;

/// <summary>Reading and writing of the JSON forms of this slice, with errors that say what is wrong and where.</summary>
internal static class JsonReading
{
    /// <summary>Plain characters stay as they are, so that stored text can be read; quotes and control characters are escaped.</summary>
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string ToText(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Compact)) write(json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="FormatException">Not JSON, or a member is there twice.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> text)
    {
        try
        {
            return JsonDocument.Parse(text, new() { AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            throw new FormatException($"Not valid JSON: line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}.", error);
        }
    }

    extension(JsonElement json)
    {
        /// <exception cref="FormatException">There is none.</exception>
        public JsonElement Member(string name) =>
            json.Optional(name) ?? throw new FormatException($"'{name}' is missing in {json.Start()}.");

        public JsonElement? Optional(string name) =>
            json.ValueKind is not JsonValueKind.Object ? throw new FormatException($"{json.Start()} is not an object.")
            : json.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;

        public string? Text(string name) => json.Optional(name)?.Text();

        public string Text() =>
            json.ValueKind is JsonValueKind.String ? json.GetString()! : throw new FormatException($"{json.Start()} is not text.");

        public string RequiredText(string name) => json.Member(name).Text();

        public long WholeNumber() =>
            json.ValueKind is JsonValueKind.Number && json.TryGetInt64(out var number) && number >= 0
                ? number
                : throw new FormatException($"{json.Start()} is not a whole number of zero or more.");

        /// <summary>Nothing where the member is missing.</summary>
        public IEnumerable<JsonElement> Items(string name) => json.Optional(name)?.Items() ?? [];

        public IEnumerable<JsonElement> Items() =>
            json.ValueKind is JsonValueKind.Array ? json.EnumerateArray() : throw new FormatException($"{json.Start()} is not an array.");

        public IEnumerable<JsonProperty> Members() =>
            json.ValueKind is JsonValueKind.Object ? json.EnumerateObject() : throw new FormatException($"{json.Start()} is not an object.");

        public string Start() => json.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : json.GetRawText();
    }
}
