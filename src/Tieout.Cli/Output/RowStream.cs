using Tieout.Storage;

namespace Tieout.Cli.Output;

/// <summary>Passes bytes on and reports the rows among them: lines of CSV, JSON Lines or a journal.</summary>
/// <param name="total">Rows that are expected; 0: not known. Of a file that is read, they are estimated from its length.</param>
internal sealed class RowStream(Stream inner, IProgress<RowProgress>? progress, long total = 0) : Stream
{
    private long _bytes;

    /// <summary>Lines that have passed.</summary>
    public long Rows { get; private set; }

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => inner.Length;

    public override long Position
    {
        get => _bytes;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        Count(buffer.Span[..read]);
        progress?.Report(new(Rows, inner.CanSeek && _bytes > 0 ? (long)((Int128)Rows * inner.Length / _bytes) : total));
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await inner.WriteAsync(buffer, cancellationToken);
        Count(buffer.Span);
        progress?.Report(new(Rows, total));
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Count(ReadOnlySpan<byte> bytes)
    {
        _bytes += bytes.Length;
        Rows += bytes.Count((byte)'\n');
    }
}
