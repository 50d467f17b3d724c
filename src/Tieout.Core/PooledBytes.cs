using System.Buffers;

namespace Tieout.Core;

/// <summary>Buffers of the shared pool that grow with what is written to them.</summary>
public static class PooledBytes
{
    /// <summary>A buffer of at least twice the size, with what was used of <paramref name="full"/>. That one goes back to the pool, so nobody may use it any
    /// more.</summary>
    /// <param name="used">How many bytes are copied, from the first.</param>
    /// <param name="bytesMin">The new buffer has at least so many bytes.</param>
    public static byte[] Grown(byte[] full, int used, int bytesMin = 0)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(full.Length * 2, bytesMin));
        full.AsSpan(0, used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }
}
