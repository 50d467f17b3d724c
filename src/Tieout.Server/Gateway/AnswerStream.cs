using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Step 7: relays a stream line by line, and holds back its end until the usage is durable (M4).</summary>
internal sealed class AnswerStream(HttpContext context, AnswerReader answer, AttemptDeadline deadline, GatewayOptions options, bool isArray = false)
{
    /// <summary>Bounds one event. An image that a model makes is one event.</summary>
    private const int LineBytesMax = 16 * 1024 * 1024;

    /// <summary>Bounds the end of a stream: a usage block and an end mark. More bytes than this are not the end yet, and are sent.</summary>
    private const int HeldBytesMax = 256 * 1024;

    /// <summary>A connection rarely delivers more at once. An open stream needs this much memory; a longer line needs more until it is sent.</summary>
    private const int BufferBytes = 4 * 1024;

    private readonly PipeWriter _client = context.Response.BodyWriter;
    private readonly ArrayBufferWriter<byte> _held = new();
    private ArrayElements _elements;
    private int _scanned;
    private bool _holding, _done, _dropBlankLine, _closed;
    private long _drained;

    /// <summary>Whether any byte was sent to the client or is about to be.</summary>
    public bool HasStarted => context.Response.HasStarted || _client.UnflushedBytes > 0;

    private bool ClientGone => context.RequestAborted.IsCancellationRequested;

    /// <summary>Reads the provider's stream to its end, also when the client has gone.</summary>
    /// <returns>Whether the stream is complete.</returns>
    public async Task<bool> RelayAsync(Stream provider)
    {
        using var arrived = new ArrivedBytes(BufferBytes);
        try
        {
            while (!_done)
            {
                deadline.StartRead();
                var read = await arrived.ReadAsync(provider, deadline.Token);
                if (ClientGone && (_drained += read) > options.DrainBytesMax) return false;
                while (!_done && (isArray ? TakeElement(arrived) : TakeLine(arrived))) { }
                if (arrived.Length > LineBytesMax) return false;
                if (read == 0)
                {
                    if (arrived.Length > 0 && !_done) TakeRest(arrived.Span);
                    break;
                }

                await FlushAsync();
            }

            return answer.IsWhole && (!isArray || _closed);
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Sends the end that was held back. Call it once the usage is durable.</summary>
    public async Task FinishAsync()
    {
        if (ClientGone) return;
        _client.Write(_held.WrittenSpan);
        await _client.FlushAsync(context.RequestAborted);
    }

    private async ValueTask FlushAsync()
    {
        if (_client.UnflushedBytes == 0 || ClientGone) return;
        var flush = _client.FlushAsync(context.RequestAborted);
        if (flush.IsCompletedSuccessfully) return;

        // The client is slow, which must not count as idle time of the provider.
        deadline.Pause();
        try
        {
            await flush.AsTask().WaitAsync(options.IdleTimeout);
        }
        catch (TimeoutException)
        {
            // A client that reads nothing for so long would occupy a connection and a hold for ever.
            context.Abort();
        }
        catch (OperationCanceledException)
        {
            // The client has gone. The provider's stream is still read for the usage.
        }
    }

    private bool TakeLine(ArrivedBytes arrived)
    {
        var bytes = arrived.Span;
        var end = bytes[_scanned..].IndexOf((byte)'\n');
        if (end < 0)
        {
            _scanned = bytes.Length;
            return false;
        }

        var length = _scanned + end + 1;
        _scanned = 0;
        Take(bytes[..length]);
        arrived.Take(length);
        return true;
    }

    /// <summary>The array's next element, with the bytes before it.</summary>
    private bool TakeElement(ArrivedBytes arrived)
    {
        var bytes = arrived.Span;
        if (!_elements.TryFind(bytes, out var start, out var end)) return false;
        _holding |= answer.Event(bytes[start..end]).Ends;
        Emit(bytes[..end]);
        arrived.Take(end);
        return true;
    }

    private void TakeRest(ReadOnlySpan<byte> rest)
    {
        if (!isArray)
        {
            Take(rest);
            return;
        }

        _closed = rest.Trim(" \t\r\n"u8).SequenceEqual("]"u8);
        Emit(rest);
    }

    /// <param name="line">Includes the line break.</param>
    private void Take(ReadOnlySpan<byte> line)
    {
        var text = line.TrimEnd("\r\n"u8);
        if (text.IsEmpty && _dropBlankLine)
        {
            _dropBlankLine = false;
            return;
        }

        if (!text.StartsWith("data:"u8))
        {
            Emit(line);
            return;
        }

        TakeEvent(line, text["data:"u8.Length..].TrimStart((byte)' '));
    }

    private void TakeEvent(ReadOnlySpan<byte> line, ReadOnlySpan<byte> payload)
    {
        var passage = answer.Event(payload);
        _holding |= passage.Ends;
        if (passage.Drop)
        {
            _dropBlankLine = true;
        }
        else if (passage.Cut is { } part)
        {
            var start = line.Length - line.TrimEnd("\r\n"u8).Length;
            Emit("data: "u8);
            Emit(payload[..part.Start]);
            Emit(payload[part.End..]);
            Emit(line[^start..]);
        }
        else
        {
            Emit(line);
        }

        if (!passage.Last) return;

        // The client's last event is complete, even if the provider leaves out the blank line or sends more.
        _done = true;
        Emit(line[^1] == (byte)'\n' ? "\n"u8 : "\n\n"u8);
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        if (!_holding)
        {
            if (!ClientGone) _client.Write(bytes);
            return;
        }

        if (_held.WrittenCount + bytes.Length > HeldBytesMax && !_done)
        {
            if (!ClientGone) _client.Write(_held.WrittenSpan);
            _held.ResetWrittenCount();
        }

        _held.Write(bytes);
    }
}
