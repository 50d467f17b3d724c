using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>How long an attempt waits for its provider: for the head of the answer, for the whole of it, between two reads of it, and once nobody waits for it any more.</summary>
internal sealed class AttemptDeadline : IDisposable
{
    private readonly Timeouts _timeouts;
    private readonly TimeSpan _drain;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly long _startedAt;
    private TimeSpan _total;

    /// <param name="drain">How long it is waited for once nobody else waits.</param>
    public AttemptDeadline(Timeouts timeouts, TimeSpan drain, TimeProvider time)
    {
        (_timeouts, _drain, _time, _total) = (timeouts, drain, time, timeouts.Total);
        _startedAt = time.GetTimestamp();
        _source = new(timeouts.FirstByte < _total ? timeouts.FirstByte : _total, time);
    }

    public CancellationToken Token => _source.Token;

    public bool IsOver => _source.IsCancellationRequested;

    /// <summary>The client has gone.</summary>
    public bool IsForNobody { get; private set; }

    /// <summary>A read begins: it may take the idle time-out, within the whole.</summary>
    public void Read()
    {
        var left = Left;
        _source.CancelAfter(left < _timeouts.Idle ? left : _timeouts.Idle);
    }

    /// <summary>It is not the provider that keeps us waiting: only the whole counts.</summary>
    public void Pause() => _source.CancelAfter(Left);

    /// <summary>The client has gone: what is still read is read for the usage alone.</summary>
    public void ClientGone()
    {
        IsForNobody = true;
        var drained = _time.GetElapsedTime(_startedAt) + _drain;
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
