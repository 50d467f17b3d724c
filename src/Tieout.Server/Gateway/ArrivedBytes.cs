using System.Buffers;
using System.Runtime.CompilerServices;

namespace Tieout.Server.Gateway;

/// <summary>The bytes of a stream that have arrived and are not taken yet, in one pooled buffer.</summary>
/// <remarks>
/// Linear: a byte is moved a bounded number of times, because the buffer moves its content only when at least half of it is free, and doubles otherwise.
/// A scanner that remembers where it stopped therefore looks at each byte once, however small the pieces are in which a line arrives.
/// </remarks>
/// <param name="sizeBytes">Size of the buffer between long lines. An open stream keeps that much.</param>
internal sealed class ArrivedBytes(int sizeBytes) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(sizeBytes);
    private int _start, _end;

    public int Length => _end - _start;

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, Length);

    /// <summary>Reads what the stream has, and waits if it has nothing.</summary>
    /// <returns>How many bytes arrived; 0: the stream has ended.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        MakeRoom();
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read;
    }

    /// <summary>Removes bytes from the front. Spans taken before stay valid until the next read.</summary>
    public void Take(int count) => _start += count;

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = ([], 0, 0);
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
            if (_buffer.Length > 4 * sizeBytes) Replace(sizeBytes);
        }

        if (_end < _buffer.Length) return;
        if (_start >= _buffer.Length / 2)
        {
            _buffer.AsSpan(_start, Length).CopyTo(_buffer);
            (_start, _end) = (0, Length);
            return;
        }

        Replace(_buffer.Length * 2);
    }

    private void Replace(int size)
    {
        var other = ArrayPool<byte>.Shared.Rent(size);
        var length = Length;
        Span.CopyTo(other);
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = (other, 0, length);
    }
}
