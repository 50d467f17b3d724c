using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tieout.Bench.Gateway;

/// <summary>One HTTP/1.1 connection that sends bytes made beforehand and reads of an answer only where it ends, so that the load costs far less than what it
/// measures.</summary>
/// <remarks>Answers have a length or come in chunks, as Kestrel's do. One request at a time.</remarks>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    private LoadConnection() { }

    /// <exception cref="SocketException">Nothing listens there.</exception>
    public static async Task<LoadConnection> OpenAsync(Uri server, CancellationToken cancellationToken)
    {
        var connection = new LoadConnection();
        await connection._socket.ConnectAsync(IPAddress.Parse(server.Host), server.Port, cancellationToken);
        return connection;
    }

    /// <summary>Sends a request and reads its answer to the end.</summary>
    /// <exception cref="IOException">The answer is not 200, or breaks off.</exception>
    public async ValueTask<LoadAnswer> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        await _socket.SendAsync(request, cancellationToken);
        var head = await HeadAsync(cancellationToken);
        if (_start == _end) await FillAsync(cancellationToken);
        var firstByteAt = Stopwatch.GetTimestamp();
        if (head is { } length) await SkipAsync(length, cancellationToken);
        else await SkipChunksAsync(cancellationToken);
        return new(firstByteAt, Stopwatch.GetTimestamp());
    }

    public void Dispose() => _socket.Dispose();

    /// <returns>The length of the body; null: it comes in chunks.</returns>
    private async ValueTask<int?> HeadAsync(CancellationToken cancellationToken)
    {
        int end;
        while ((end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8)) < 0) await FillAsync(cancellationToken);
        var head = _buffer.AsSpan(_start, end + 2);
        if (!head.StartsWith("HTTP/1.1 200"u8))
        {
            throw new IOException($"An answer began with: {System.Text.Encoding.UTF8.GetString(_buffer.AsSpan(_start, _end - _start))}");
        }

        _start += end + 4;
        var at = head.IndexOf("\r\nContent-Length: "u8);
        if (at < 0) return null;
        return Utf8Parser.TryParse(head[(at + "\r\nContent-Length: ".Length)..], out int length, out _)
            ? length : throw new IOException("An answer's length is no number.");
    }

    private async ValueTask SkipChunksAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int line;
            while ((line = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0) await FillAsync(cancellationToken);
            if (!Utf8Parser.TryParse(_buffer.AsSpan(_start, line), out int length, out _, 'x')) throw new IOException("A chunk's length is no number.");
            _start += line + 2;
            await SkipAsync(length + 2, cancellationToken);
            if (length == 0) return;
        }
    }

    private async ValueTask SkipAsync(int bytes, CancellationToken cancellationToken)
    {
        while (bytes > _end - _start)
        {
            bytes -= _end - _start;
            _start = _end = 0;
            await FillAsync(cancellationToken);
        }

        _start += bytes;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start == _end) _start = _end = 0;
        if (_end == _buffer.Length)
        {
            if (_start == 0) throw new IOException("An answer's head is larger than any of ours.");
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
        if (read == 0) throw new IOException("An answer broke off.");
        _end += read;
    }
}

/// <param name="FirstByteAt">When the first byte of the body was there. <see cref="Stopwatch"/> ticks, as the other.</param>
internal readonly record struct LoadAnswer(long FirstByteAt, long EndAt);
