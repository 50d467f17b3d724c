using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>Bytes that were looked at already, and then the rest of the stream they came from.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> first, Stream rest) : ForwardStream
{
    private ReadOnlyMemory<byte> _first = first;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_first.IsEmpty) return await rest.ReadAsync(buffer, cancellationToken);
        var length = Math.Min(buffer.Length, _first.Length);
        _first[..length].CopyTo(buffer);
        _first = _first[length..];
        return length;
    }
}
