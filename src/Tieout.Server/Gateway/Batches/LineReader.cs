using System.Buffers;
using System.Runtime.CompilerServices;
using Tieout.Core;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Reads a text line by line, with at most one line in memory.</summary>
internal static class LineReader
{
    private const int FirstBytes = 64 * 1024;

    /// <param name="lineBytesMax">Bounds the memory.</param>
    /// <returns>Each line without its line break, also empty ones. Valid until the next line is read.</returns>
    /// <exception cref="InvalidDataException">A line is longer than <paramref name="lineBytesMax"/>.</exception>
    /// <exception cref="IOException">The text was cut off.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        Stream text, long lineBytesMax, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
        try
        {
            var (start, end) = (0, 0);
            while (true)
            {
                if (end == buffer.Length) (buffer, start, end) = Roomier(buffer, start, end);
                var read = await text.ReadAsync(buffer.AsMemory(end), cancellationToken);
                var scanned = end;
                end += read;
                for (var at = IndexOfEnd(buffer, scanned, end); at >= 0; at = IndexOfEnd(buffer, start, end))
                {
                    yield return buffer.AsMemory(start, at - start);
                    start = at + 1;
                }

                if (end - start > lineBytesMax) throw new InvalidDataException($"A line is longer than {lineBytesMax} bytes.");
                if (read > 0) continue;
                if (end > start) yield return buffer.AsMemory(start, end - start);
                yield break;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int IndexOfEnd(byte[] buffer, int from, int to)
    {
        var at = buffer.AsSpan(from, to - from).IndexOf((byte)'\n');
        return at < 0 ? -1 : from + at;
    }

    /// <summary>Lines already read make room. Only a line that fills the whole buffer needs a larger one.</summary>
    private static (byte[] Buffer, int Start, int End) Roomier(byte[] full, int start, int end)
    {
        if (start > 0)
        {
            full.AsSpan(start, end - start).CopyTo(full);
            return (full, 0, end - start);
        }

        return (PooledBytes.Grown(full, end), 0, end);
    }
}
