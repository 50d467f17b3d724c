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

    /// <summary>Whether the name that the reader is at is <paramref name="name"/>, however it is written.</summary>
    /// <param name="name">ASCII.</param>
    public static bool Is(in Utf8JsonReader json, ReadOnlySpan<byte> name) =>
        json.ValueIsEscaped ? Of(json) is { } text && System.Text.Ascii.Equals(name, text) : json.ValueSpan.SequenceEqual(name);
}
