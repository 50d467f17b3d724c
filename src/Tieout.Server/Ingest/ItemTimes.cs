using System.Text;
using System.Text.Json;
using Tieout.Core;

namespace Tieout.Server.Ingest;

/// <summary>Times as RFC 3339 writes them.</summary>
internal static class ItemTimes
{
    public const string Form = "a time since the year 2000 with its offset, such as 2026-11-22T08:00:00Z";

    /// <summary>2000-01-01: before it there was nothing to meter, and a zero or seconds for microseconds is seen as the mistake it is.</summary>
    public const long EarliestMicros = 946_684_800 * Instant.MicrosPerSecond;

    /// <summary>The longest form there is.</summary>
    private const int LengthMax = 40;

    /// <returns>Null: not of that form. A time without its offset could be any of 24 hours.</returns>
    public static Instant? Read(string text)
    {
        if (text.Length > LengthMax || !Ascii.IsValid(text) || text.AsSpan().ContainsAny('\\', '"')) return null;
        Span<byte> quoted = stackalloc byte[LengthMax + 2];
        quoted[0] = quoted[text.Length + 1] = (byte)'"';
        Encoding.ASCII.GetBytes(text, quoted[1..]);
        var json = new Utf8JsonReader(quoted[..(text.Length + 2)]);
        try
        {
            return json.Read() ? Read(json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc cref="Read(string)"/>
    public static Instant? Read(in Utf8JsonReader json)
    {
        // A plus is often written as an escape; what is left of that is plain.
        if (json.TokenType is JsonTokenType.String && json.ValueIsEscaped) return JsonText.Of(json) is { } text ? Read(text) : null;
        if (json.TokenType is not JsonTokenType.String || !HasOffset(json.ValueSpan) || !json.TryGetDateTimeOffset(out var time)) return null;
        var instant = Instant.From(time);
        return instant.UnixMicros >= EarliestMicros ? instant : null;
    }

    private static bool HasOffset(ReadOnlySpan<byte> time) => time.Length >= 17 && (time[^1] is (byte)'Z' || time[^6] is (byte)'+' or (byte)'-');
}
