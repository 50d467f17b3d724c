using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Metering;

namespace Tieout.Server.Ingest;

/// <summary>The attempt that a usage measured elsewhere is: the same org, source and id are the same attempt, for ever (L3).</summary>
/// <remarks>
/// A UUID of version 8 with 114 bits of SHA-256. Its first byte is zero, so that these ids sort before every time-ordered id of our own: the
/// store knows an id above all others to be new without looking, and one imported id among the highest would cost every request that look.
/// </remarks>
internal static class ImportedId
{
    private const int StackBytesMax = 2_048;

    public static AttemptId Of(string org, string source, string id)
    {
        var length = 8 + Encoding.UTF8.GetMaxByteCount(org.Length + source.Length + id.Length);
        var bytes = length <= StackBytesMax ? stackalloc byte[StackBytesMax] : new byte[length];

        // With their lengths, so that no two triples read the same.
        var written = Append(bytes, 0, org, isLast: false);
        written = Append(bytes, written, source, isLast: false);
        written = Append(bytes, written, id, isLast: true);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..written], hash);
        hash[0] = 0;
        hash[6] = (byte)(0x80 | (hash[6] & 0x0F));
        hash[8] = (byte)(0x80 | (hash[8] & 0x3F));
        return new(new Guid(hash[..16], bigEndian: true));
    }

    private static int Append(Span<byte> bytes, int at, string text, bool isLast)
    {
        if (isLast) return at + Encoding.UTF8.GetBytes(text, bytes[at..]);
        var length = Encoding.UTF8.GetBytes(text, bytes[(at + 4)..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[at..], length);
        return at + 4 + length;
    }
}
