using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Metering;

namespace Tieout.Server.Gateway;

/// <summary>Ids that follow from others, so that the same fact has the same id however often it is seen (L3).</summary>
internal static class DerivedId
{
    private const int TimeBytes = 6;

    /// <summary>The id of a call within an attempt. It has the attempt's time, and so its place in every index.</summary>
    public static AttemptId Of(AttemptId whole, int index)
    {
        Span<byte> seed = stackalloc byte[20];
        whole.Value.TryWriteBytes(seed, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(seed[16..], index);
        return Of(seed, seed[..TimeBytes]);
    }

    /// <summary>The id of a named part of a whole. It has the whole's time, and so its place in every index.</summary>
    public static AttemptId Of(Guid whole, string name)
    {
        var seed = new byte[16 + Encoding.UTF8.GetMaxByteCount(name.Length)];
        whole.TryWriteBytes(seed, bigEndian: true, out _);
        var length = 16 + Encoding.UTF8.GetBytes(name, seed.AsSpan(16));
        return Of(seed.AsSpan(0, length), seed.AsSpan(0, TimeBytes));
    }

    private static AttemptId Of(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> time)
    {
        Span<byte> id = stackalloc byte[32];
        SHA256.HashData(seed, id);
        time.CopyTo(id);
        id[6] = (byte)((id[6] & 0x0f) | 0x70);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return new(new Guid(id[..16], bigEndian: true));
    }
}
