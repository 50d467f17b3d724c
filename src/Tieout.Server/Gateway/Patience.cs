using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway;

/// <summary>How long an attempt waits for its provider: for the whole answer, between two reads of it, and once nobody waits for it any more.</summary>
internal sealed class Patience : IDisposable
{
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly long _startedAt;
    private TimeSpan _total;

    public Patience(GatewayOptions options, TimeProvider time)
    {
        (_options, _time, _total) = (options, time, options.RequestTimeout);
        _startedAt = time.GetTimestamp();
        _source = new(_total, time);
    }

    public CancellationToken Token => _source.Token;

    public bool IsOver => _source.IsCancellationRequested;

    /// <summary>A read begins: it may take the idle time-out, within the whole.</summary>
    public void Read()
    {
        var left = Left;
        _source.CancelAfter(left < _options.IdleTimeout ? left : _options.IdleTimeout);
    }

    /// <summary>It is not the provider that keeps us waiting: only the whole counts.</summary>
    public void Pause() => _source.CancelAfter(Left);

    /// <summary>The client has gone: what is still read is read for the usage alone.</summary>
    public void ClientGone()
    {
        var drained = _time.GetElapsedTime(_startedAt) + _options.DrainTimeout;
        if (drained < _total) _total = drained;
        _source.CancelAfter(Left);
    }

    private TimeSpan Left
    {
        get
        {
            var left = _total - _time.GetElapsedTime(_startedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public void Dispose() => _source.Dispose();
}
