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

        public string? Text(string name) =>
            json.Optional(name) is not { } value ? null
            : value.ValueKind is JsonValueKind.String ? value.GetString()
            : throw new FormatException($"'{name}' is not text but {value.Start()}.");

        public string RequiredText(string name) => json.Text(name) ?? throw new FormatException($"'{name}' is missing in {json.Start()}.");

        public IEnumerable<JsonElement> Items(string name) =>
            json.Optional(name) is not { } value ? []
            : value.ValueKind is JsonValueKind.Array ? value.EnumerateArray()
            : throw new FormatException($"'{name}' is not an array but {value.Start()}.");

        public string Start() => json.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : json.GetRawText();
    }
}
