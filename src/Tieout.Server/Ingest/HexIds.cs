using System.Buffers;

namespace Tieout.Server.Ingest;

/// <summary>Ids of traces and spans: hexadecimal in any case, and base64, which some exporters send by mistake.</summary>
internal static class HexIds
{
    private const int TraceBytes = 16;
    private const int SpanBytes = 8;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <returns>32 lower-case digits; null: it is none.</returns>
    public static string? Trace(string? text) => Read(text, TraceBytes);

    /// <returns>16 lower-case digits; null: it is none.</returns>
    public static string? Span(string? text) => Read(text, SpanBytes);

    private static string? Read(string? text, int length)
    {
        Span<byte> bytes = stackalloc byte[TraceBytes + 2];
        var read = 0;
        if (text is null) return null;

        // As the specification has it, and so nearly always.
        if (text.Length == length * 2 && !text.AsSpan().ContainsAnyExcept(LowerHex)) return text.AsSpan().ContainsAnyExcept('0') ? text : null;
        if (text.Length == length * 2)
        {
            if (Convert.FromHexString(text, bytes, out _, out read) is not OperationStatus.Done) return null;
        }
        else if (text.Length != (length + 2) / 3 * 4 || !Convert.TryFromBase64String(text, bytes, out read))
        {
            return null;
        }

        bytes = bytes[..read];
        return read == length && bytes.ContainsAnyExcept((byte)0) ? Convert.ToHexStringLower(bytes) : null;
    }
}
