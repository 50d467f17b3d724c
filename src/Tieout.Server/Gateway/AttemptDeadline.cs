using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>Limits how long an attempt waits for its provider: for the head of the answer, for the whole of it, between two reads, and after the client has
/// gone.</summary>
internal sealed class AttemptDeadline : IDisposable
{
    private readonly Timeouts _timeouts;
    private readonly TimeSpan _drain;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly long _startedAt;
    private TimeSpan _total;

    /// <param name="drain">How long the provider is read for its usage after the client has gone.</param>
    public AttemptDeadline(Timeouts timeouts, TimeSpan drain, TimeProvider time)
    {
        (_timeouts, _drain, _time, _total) = (timeouts, drain, time, timeouts.Total);
        _startedAt = time.GetTimestamp();
        _source = new(timeouts.FirstByte < _total ? timeouts.FirstByte : _total, time);
    }

    public CancellationToken Token => _source.Token;

    public bool IsOver => _source.IsCancellationRequested;

    /// <summary>The client has gone, so the answer is read for its usage alone.</summary>
    public bool IsClientGone { get; private set; }

    /// <summary>Starts the idle time-out of one read, within the total.</summary>
    public void StartRead()
    {
        var left = Left;
        _source.CancelAfter(left < _timeouts.Idle ? left : _timeouts.Idle);
    }

    /// <summary>Suspends the idle time-out while the gateway waits for somebody else than the provider. The total goes on.</summary>
    public void Pause() => _source.CancelAfter(Left);

    /// <summary>Shortens the total to the drain time-out.</summary>
    public void MarkClientGone()
    {
        IsClientGone = true;
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
