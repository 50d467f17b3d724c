using System.Buffers;
using System.Text.Json;

namespace Tieout.Simulator.Provider;

/// <summary>The text of answers: as many tokens as asked for, four bytes each, the same words again and again.</summary>
internal static class SimulatedText
{
    /// <summary>Whole words of four bytes, so that any multiple of four is a clean cut.</summary>
    private static ReadOnlySpan<byte> Words => "one sum for all "u8;

    private static readonly byte[] Filler = Repeat(16_384);

    /// <summary>Writes a JSON string of <paramref name="tokens"/> × <see cref="SimulatedUsage.BytesPerToken"/> bytes.</summary>
    public static void WriteText(this Utf8JsonWriter json, ReadOnlySpan<byte> property, int tokens)
    {
        json.WritePropertyName(property);
        var left = tokens * SimulatedUsage.BytesPerToken;
        for (; left > Filler.Length; left -= Filler.Length) json.WriteStringValueSegment(Filler, isFinalSegment: false);
        json.WriteStringValueSegment(Filler.AsSpan(0, left), isFinalSegment: true);
    }

    /// <summary>Writes <paramref name="tokens"/> × <see cref="SimulatedUsage.BytesPerToken"/> bytes that are no JSON.</summary>
    public static void Write(IBufferWriter<byte> bytes, int tokens)
    {
        for (var left = tokens * SimulatedUsage.BytesPerToken; left > 0; left -= Filler.Length) bytes.Write(Filler.AsSpan(0, Math.Min(left, Filler.Length)));
    }

    /// <summary>Splits a text into the pieces that a stream sends: even, at most <paramref name="piecesMax"/>, none empty.</summary>
    public static IEnumerable<int> Pieces(int tokens, int piecesMax)
    {
        var pieces = Math.Min(tokens, piecesMax);
        for (var i = 0; i < pieces; i++) yield return (int)((i + 1L) * tokens / pieces - (long)i * tokens / pieces);
    }

    private static byte[] Repeat(int length)
    {
        var filler = new byte[length];
        for (var i = 0; i < length; i++) filler[i] = Words[i % Words.Length];
        return filler;
    }
}
