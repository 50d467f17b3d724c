using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Tieout.Server.Gateway;

/// <summary>A request's body, whole and in one piece, in a pooled buffer. Valid until disposed of.</summary>
internal readonly struct RequestBody : IDisposable
{
    /// <summary>Where no length is announced.</summary>
    private const int FirstBytes = 16 * 1024;

    /// <summary>A body is kept as long as its answer goes on, perhaps minutes: it takes no more room than it needs, up to here, and then as it comes.</summary>
    private const int AnnouncedMax = 1024 * 1024;

    private readonly byte[] _buffer;

    private RequestBody(byte[] buffer, int length) => (_buffer, Length) = (buffer, length);

    public int Length { get; }

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    /// <exception cref="BadHttpRequestException">It is larger than the server accepts, or came to a bad end.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context)
    {
        // The server has refused a length above its limit; one below it is not trusted with more than it sends.
        var announced = context.Request.ContentLength is { } given ? (int)Math.Min(given, AnnouncedMax) : FirstBytes;
        var buffer = ArrayPool<byte>.Shared.Rent(announced + 1);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
                if (read == 0) return new(buffer, length);
                length += read;
                if (length == buffer.Length) buffer = Grown(buffer);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private static byte[] Grown(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(full.Length * 2);
        full.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }
}
