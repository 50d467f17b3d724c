using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Step 7: passes a stream on, line by line, and holds back its end until the usage is durable (M4).</summary>
internal sealed class AnswerStream(HttpContext context, AnswerReader answer, AttemptDeadline deadline, GatewayOptions options, bool isArray = false)
{
    /// <summary>One event. Images made by a model come as one.</summary>
    private const int LineBytesMax = 16 * 1024 * 1024;

    /// <summary>What comes after an answer is finished is a usage block and a mark. More than this is not the end yet, and goes on.</summary>
    private const int HeldBytesMax = 256 * 1024;

    /// <summary>What a connection hands over at once, as a rule. An open stream keeps that much; longer lines take more for as long as they last.</summary>
    private const int BufferBytes = 4 * 1024;

    private readonly PipeWriter _client = context.Response.BodyWriter;
    private readonly ArrayBufferWriter<byte> _held = new();
    private ArrayElements _elements;
    private int _scanned;
    private bool _holding, _done, _dropBlankLine, _closed;
    private long _drained;

    /// <summary>Whether anything has reached the client, or is on its way.</summary>
    public bool HasStarted => context.Response.HasStarted || _client.UnflushedBytes > 0;

    private bool ClientGone => context.RequestAborted.IsCancellationRequested;

    /// <summary>Reads the provider's stream to its end, also when the client has gone.</summary>
    /// <returns>Whether it came to its end.</returns>
    public async Task<bool> RelayAsync(Stream provider)
    {
        using var arrived = new ArrivedBytes(BufferBytes);
        try
        {
            while (!_done)
            {
                deadline.Read();
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

    /// <summary>Lets the end go, once the usage is durable.</summary>
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

        // The client is slow; the provider is not idle meanwhile.
        deadline.Pause();
        try
        {
            await flush.AsTask().WaitAsync(options.IdleTimeout);
        }
        catch (TimeoutException)
        {
            // Who takes nothing for so long will never read it: a place and a hold are not kept for that.
            context.Abort();
        }
        catch (OperationCanceledException)
        {
            // Gone: read on for the usage.
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

    /// <param name="line">With its line break.</param>
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

        // Whatever a provider says after its end, or leaves out at it, the client's event is complete.
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
