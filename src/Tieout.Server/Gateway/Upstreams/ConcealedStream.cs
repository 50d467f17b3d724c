using System.Runtime.CompilerServices;
using Tieout.Server.Http;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Reads an answer and covers our keys in it, also where one comes in pieces: what may be the beginning of one waits for what follows.</summary>
internal sealed class ConcealedStream(Stream answer, ProviderSecrets secrets) : ForwardStream
{
    private const int PieceBytes = 4 * 1024;

    private byte[] _piece = [];

    /// <summary>Of <see cref="_piece"/>: what can go out, then what waits.</summary>
    private int _start, _ready, _waiting;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_ready > 0) return TakeReady(buffer.Span);

            // As a rule nothing waits, and the reader's own buffer is all that is needed.
            if (_waiting == 0 && buffer.Length > secrets.LengthMax)
            {
                var read = await answer.ReadAsync(buffer, cancellationToken);
                var open = secrets.Conceal(buffer.Span[..read]);
                if (open > 0) Wait(buffer.Span[(read - open)..read]);
                if (read == 0 || open < read) return read - open;
            }
            else if (buffer.Length == 0)
            {
                return await answer.ReadAsync(buffer, cancellationToken);
            }
            else
            {
                await FillAsync(cancellationToken);
                if (_ready + _waiting == 0) return 0;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) answer.Dispose();
        base.Dispose(disposing);
    }

    private int TakeReady(Span<byte> buffer)
    {
        var taken = Math.Min(_ready, buffer.Length);
        _piece.AsSpan(_start, taken).CopyTo(buffer);
        (_start, _ready) = (_start + taken, _ready - taken);
        return taken;
    }

    private void Wait(ReadOnlySpan<byte> beginning)
    {
        if (_piece.Length == 0) _piece = new byte[PieceBytes + secrets.LengthMax];
        beginning.CopyTo(_piece);
        (_start, _ready, _waiting) = (0, 0, beginning.Length);
    }

    /// <summary>Reads on behind what waits. At the answer's end nothing waits any more.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_piece.Length == 0) _piece = new byte[PieceBytes + secrets.LengthMax];
        _piece.AsSpan(_start, _waiting).CopyTo(_piece);
        var read = await answer.ReadAsync(_piece.AsMemory(_waiting), cancellationToken);
        var length = _waiting + read;
        _waiting = read == 0 ? 0 : secrets.Conceal(_piece.AsSpan(0, length));
        (_start, _ready) = (0, length - _waiting);
    }
}
