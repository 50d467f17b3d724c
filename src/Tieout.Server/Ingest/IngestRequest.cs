using System.Buffers;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Server.Errors;
using Tieout.Server.Governor;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>A body, unpacked and in one piece, in a pooled buffer. Valid until disposed of.</summary>
internal readonly struct IngestRequest : IDisposable
{
    private const int FirstBytes = 64 * 1024;

    private readonly byte[] _buffer;
    private readonly int _length;

    private IngestRequest(byte[] buffer, int length) => (_buffer, _length) = (buffer, length);

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, _length);

    /// <param name="max">Bytes of the unpacked body. A few kilobytes of gzip can be gigabytes of nothing: reading stops here, whatever is still to
    /// come.</param>
    /// <exception cref="ApiRefusedException">Larger than that, packed in a way that is not known, or not packed as it says.</exception>
    /// <exception cref="BadHttpRequestException">It is larger than the server accepts, or came to a bad end.</exception>
    public static async ValueTask<IngestRequest> ReadAsync(HttpContext context, long max)
    {
        var coding = context.Request.Headers.ContentEncoding.ToString();
        if (ContentCoding.IsNone(coding)) return await ReadAsync(context.Request.Body, max, context.RequestAborted);
        await using var unpacked = ContentCoding.Unpack(coding, context.Request.Body) ?? throw new ApiRefusedException(
            ApiError.MediaTypeUnsupported, ContentCoding.NotKnown(coding));
        try
        {
            // A few packed bytes may be many: these count as they come.
            return context.Features.Get<Visit>() is { } visit
                ? await ReadAsync(new CountedBody(unpacked, visit, Resource.BodyBytes), max, context.RequestAborted)
                : await ReadAsync(unpacked, max, context.RequestAborted);
        }
        catch (WronglyPackedException wrong)
        {
            throw new ApiRefusedException(ApiError.BodyMalformed, wrong.Message);
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private static async ValueTask<IngestRequest> ReadAsync(Stream body, long max, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0) return new(buffer, length);
                length += read;
                if (length > max)
                {
                    throw new ApiRefusedException(
                        ApiError.BodyTooLarge, $"The body is larger than {max / (1024 * 1024)} MiB once unpacked. None of its items was recorded.");
                }

                if (length == buffer.Length) buffer = PooledBytes.Grown(buffer, length);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }
}
