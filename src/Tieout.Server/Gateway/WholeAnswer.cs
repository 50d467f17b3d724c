using System.Buffers;
using System.Net.Http.Headers;
using Tieout.Core;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Http;

namespace Tieout.Server.Gateway;

/// <summary>A provider's answer that is no stream, read to its end in a pooled buffer before any byte is sent.</summary>
internal sealed class WholeAnswer : IDisposable
{
    /// <summary>Bounds the memory of one answer. Images and audio in base64 fit.</summary>
    private const int BytesMax = 64 * 1024 * 1024;

    private const int FirstBytes = 8 * 1024;

    private byte[] _buffer = [];
    private int _length;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>The answer is complete and readable.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The answer is packed in a way that is not known, or not as its head says. Neither its usage nor a key in it can be seen, so no client gets
    /// it.</summary>
    public bool IsCoded { get; private set; }

    public static bool IsCodedBy(HttpContentHeaders headers) =>
        headers.NonValidated.TryGetValues("Content-Encoding", out var codings)
            && codings.Any(coding => !coding.Trim().Equals("identity", StringComparison.OrdinalIgnoreCase));

    public static Task<WholeAnswer> ReadAsync(UpstreamAnswer answer, AttemptDeadline deadline) => ReadAsync(answer, answer.OpenBody(), deadline);

    /// <param name="body">The answer's body.</param>
    public static async Task<WholeAnswer> ReadAsync(UpstreamAnswer answer, Stream body, AttemptDeadline deadline)
    {
        var whole = new WholeAnswer { IsCoded = IsCodedBy(answer.ContentHeaders) };
        try
        {
            await whole.FillAsync(answer, body, deadline);
        }
        catch (WronglyPackedException)
        {
            whole.IsCoded = true;
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
        {
            // The answer was cut off. The bytes so far are still read for their usage.
        }

        return whole;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private async Task FillAsync(UpstreamAnswer answer, Stream body, AttemptDeadline deadline)
    {
        var announced = Math.Min(answer.ContentHeaders.ContentLength ?? 0, BytesMax);
        _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(announced + 1, FirstBytes));
        while (true)
        {
            deadline.StartRead();
            var read = await body.ReadAsync(_buffer.AsMemory(_length), deadline.Token);
            if (read == 0)
            {
                IsWhole = !IsCoded;
                return;
            }

            _length += read;
            if (_length > BytesMax) return;
            if (_length == _buffer.Length) _buffer = PooledBytes.Grown(_buffer, _length);
        }
    }
}
