namespace Tieout.Core.Ledger;

/// <summary>Whole numbers in groups of seven bits, the lowest first: small numbers take few bytes.</summary>
internal static class Leb128
{
    /// <summary>Bytes of the largest number.</summary>
    public const int BytesMax = 10;

    /// <param name="length">Where the number begins; afterwards where it ends.</param>
    public static void Write(ulong number, Span<byte> bytes, ref int length)
    {
        for (; number >= 0x80; number >>= 7) bytes[length++] = (byte)(number & 0x7F | 0x80);
        bytes[length++] = (byte)number;
    }

    /// <param name="bytes">Afterwards those behind the number.</param>
    /// <returns>Null: the bytes do not begin with a number.</returns>
    public static ulong? Read(ref ReadOnlySpan<byte> bytes)
    {
        ulong number = 0;
        for (var (i, shift) = (0, 0); i < bytes.Length && shift < 64; i++, shift += 7)
        {
            number |= (ulong)(bytes[i] & 0x7F) << shift;
            if (bytes[i] >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return number;
        }

        return null;
    }
}
