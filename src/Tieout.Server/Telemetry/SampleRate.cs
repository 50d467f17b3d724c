namespace Tieout.Server.Telemetry;

/// <summary>Lets through a burst and then a steady rate, and counts the rest. Memory is constant.</summary>
/// <param name="burst">Events at once after a quiet time.</param>
/// <param name="perSecond">Events a second after the burst.</param>
internal sealed class SampleRate(int burst, int perSecond)
{
    private readonly Lock _gate = new();
    private double _tokens = burst;
    private DateTimeOffset _at;
    private long _leftOut;

    /// <returns>False: the event is left out, and counted.</returns>
    public bool Take(DateTimeOffset now)
    {
        lock (_gate)
        {
            _tokens = Math.Min(burst, _tokens + Math.Max(0, (now - _at).TotalSeconds * perSecond));
            _at = now;
            if (_tokens < 1)
            {
                _leftOut++;
                return false;
            }

            _tokens--;
            return true;
        }
    }

    /// <summary>How many events were left out since the last call.</summary>
    public long TakeLeftOut()
    {
        lock (_gate)
        {
            var leftOut = _leftOut;
            _leftOut = 0;
            return leftOut;
        }
    }
}
