using System.Buffers;
using Microsoft.AspNetCore.Http;
using Tieout.Core;

namespace Tieout.Server.Gateway;

/// <summary>A request's body, whole and in one piece, in a pooled buffer. Valid until disposed of.</summary>
internal readonly struct RequestBody : IDisposable
{
    /// <summary>First size of the buffer where the client announces no length.</summary>
    private const int FirstBytes = 16 * 1024;

    /// <summary>A body occupies memory until its answer ends, perhaps minutes. Up to this size the buffer is as large as announced; beyond, it grows with the
    /// bytes that arrive.</summary>
    private const int AnnouncedMax = 1024 * 1024;

    private readonly byte[] _buffer;

    private RequestBody(byte[] buffer, int length) => (_buffer, Length) = (buffer, length);

    public int Length { get; }

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    /// <exception cref="BadHttpRequestException">The body is larger than the server accepts, or was cut off.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context)
    {
        // The server has refused a length above its limit. A client that announces much and sends little must not occupy memory for it.
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
                if (length == buffer.Length) buffer = PooledBytes.Grown(buffer, length);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
