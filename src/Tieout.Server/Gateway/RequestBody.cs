using System.Buffers;
using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tieout.Core;
using Tieout.Server.Governor;
using Tieout.Server.Http;

namespace Tieout.Server.Gateway;

/// <summary>A request's body, unpacked, whole and in one piece, in a pooled buffer. Valid until disposed of.</summary>
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

    /// <exception cref="BadHttpRequestException">The body is larger than the server accepts, is cut off, or is packed in another way than its head says or
    /// than is known.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context)
    {
        var coding = context.Request.Headers.ContentEncoding.ToString();

        // The server has refused a length above its limit. A client that announces much and sends little must not occupy memory for it.
        var announced = context.Request.ContentLength is { } given ? (int)Math.Min(given, AnnouncedMax) : FirstBytes;
        if (ContentCoding.IsNone(coding)) return await ReadAsync(context.Request.Body, announced, long.MaxValue, context.RequestAborted);
        await using var unpacked = ContentCoding.Unpack(coding, context.Request.Body)
            ?? throw new BadHttpRequestException(ContentCoding.NotKnown(coding), StatusCodes.Status415UnsupportedMediaType);
        var max = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? long.MaxValue;
        try
        {
            // A few packed bytes may be many: these count as they come.
            return context.Features.Get<Visit>() is { } visit
                ? await ReadAsync(new CountedBody(unpacked, visit, Resource.BodyBytes), FirstBytes, max, context.RequestAborted)
                : await ReadAsync(unpacked, FirstBytes, max, context.RequestAborted);
        }
        catch (WronglyPackedException wrong)
        {
            throw new BadHttpRequestException(wrong.Message, StatusCodes.Status400BadRequest, wrong);
        }
    }

    /// <param name="bytesMax">Of a packed body once unpacked: the server bounds what comes, not what it becomes.</param>
    private static async ValueTask<RequestBody> ReadAsync(Stream body, int announced, long bytesMax, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(announced + 1);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0) return new(buffer, length);
                length += read;
                if (length > bytesMax) throw new BadHttpRequestException("The body is too large once unpacked.", StatusCodes.Status413PayloadTooLarge);
                if (length == buffer.Length) buffer = PooledBytes.Grown(buffer, length);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>A body of parts of another one, in their order. The other one stays valid.</summary>
    public static RequestBody Of(ReadOnlySpan<byte> body, ImmutableArray<Range> parts)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(body.Length);
        var length = 0;
        foreach (var part in parts)
        {
            body[part].CopyTo(buffer.AsSpan(length));
            length += body[part].Length;
        }

        return new(buffer, length);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
