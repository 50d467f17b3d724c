using System.Text;
using System.Text.Json;

namespace Tieout.Server.Ingest;

/// <summary>Short texts that come again and again (names of members, of models, of features) as one string each, instead of one an event.</summary>
/// <remarks>A table that forgets: of two texts in one place the later stays. Several threads may use it at once; at worst a text is made twice.</remarks>
internal static class RepeatedText
{
    /// <summary>Longer ones are ids and free text, which do not come again.</summary>
    private const int BytesMax = 48;

    /// <summary>A power of two.</summary>
    private const int Places = 1_024;

    private static readonly string?[] Known = new string?[Places];

    /// <inheritdoc cref="JsonText.Of"/>
    public static string? Of(in Utf8JsonReader json)
    {
        var utf8 = json.ValueSpan;
        if (json.ValueIsEscaped || utf8.Length > BytesMax) return JsonText.Of(json);
        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref var known = ref Known[hash.ToHashCode() & (Places - 1)];
        if (known is { } text && Ascii.Equals(utf8, text)) return text;
        return known = JsonText.Of(json);
    }
}
