using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Tieout.Simulator.Replay;

/// <summary>The body of one replayed chat request. Its text is filler, one byte for each input token.</summary>
/// <remarks>
/// One byte a token is the least text for which the count can be true, since a token is never less than a byte: a
/// gateway that bounds tokens by bytes finds them within its bound, and load is not spent on sending text nobody reads.
/// <c>max_tokens</c> is the output the row had, so what a gateway holds is close to what is used.
/// </remarks>
internal sealed class ReplayContent : HttpContent
{
    private static readonly ReadOnlyMemory<byte> Filler = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the sum of it ", 1_024)));
    private static readonly ReadOnlyMemory<byte> Tail = "\"}]}"u8.ToArray();
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly ReadOnlyMemory<byte> _head;
    private readonly int _textBytes;

    public ReplayContent(string model, TraceRow row, bool stream)
    {
        // Providers refuse an empty prompt and a limit of none.
        _textBytes = Math.Max(1, row.InputTokens);
        var limit = Math.Max(1, row.OutputTokens);
        var options = stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "";
        _head = Encoding.UTF8.GetBytes(
            $"{{\"model\":\"{JsonEncodedText.Encode(model)}\",\"max_tokens\":{limit}{options},\"messages\":[{{\"role\":\"user\",\"content\":\"");
        Headers.ContentType = Json;
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_head, cancellationToken);
        for (var left = _textBytes; left > 0; left -= Filler.Length)
        {
            await stream.WriteAsync(Filler[..Math.Min(left, Filler.Length)], cancellationToken);
        }

        await stream.WriteAsync(Tail, cancellationToken);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = (long)_head.Length + _textBytes + Tail.Length;
        return true;
    }
}
