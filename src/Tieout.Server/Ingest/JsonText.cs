using System.Buffers.Text;
using System.Text.Json;

namespace Tieout.Server.Ingest;

/// <summary>Text in JSON from strangers. The reader's own methods throw where an escape is half a surrogate pair or bytes are no UTF-8; these do not.</summary>
internal static class JsonText
{
    /// <summary>The name or string that the reader is at; null: it is no text.</summary>
    public static string? Of(in Utf8JsonReader json)
    {
        try
        {
            return json.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The string that the reader is at; null: it is at anything else.</summary>
    public static string? Any(in Utf8JsonReader json) => json.TokenType is JsonTokenType.String ? Of(json) : null;

    /// <summary>The whole number that the reader is at, also where it is written as text, or with a fraction of zero.</summary>
    public static bool TryWhole(in Utf8JsonReader json, out long number)
    {
        number = 0;
        if (json.TokenType is JsonTokenType.String)
        {
            return Utf8Parser.TryParse(json.ValueSpan, out number, out var used) && used == json.ValueSpan.Length;
        }

        if (json.TokenType is not JsonTokenType.Number) return false;
        if (json.TryGetInt64(out number)) return true;
        if (!json.TryGetDecimal(out var value) || value != decimal.Truncate(value) || value is < 0 or > long.MaxValue) return false;
        number = (long)value;
        return true;
    }

    /// <summary>Whether the name that the reader is at is <paramref name="name"/>, however it is written.</summary>
    /// <param name="name">ASCII.</param>
    public static bool Is(in Utf8JsonReader json, ReadOnlySpan<byte> name) =>
        json.ValueIsEscaped ? Of(json) is { } text && System.Text.Ascii.Equals(name, text) : json.ValueSpan.SequenceEqual(name);
}
