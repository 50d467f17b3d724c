using System.Globalization;
using Tieout.Core.Money;

namespace Tieout.Simulator.Replay;

/// <summary>Counts the outcomes of a replay while its requests run side by side.</summary>
internal sealed class ReplayTally
{
    public const string Connect = "connect";
    public const string Broken = "broken";
    public const string Timeout = "timeout";

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _refused = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _failures = new(StringComparer.Ordinal);
    private readonly LatencyHistogram _latency = new();
    private long _sent, _ok, _streamed, _costUnknown;
    private Amount _cost;

    public void Sent(bool streamed)
    {
        lock (_lock)
        {
            _sent++;
            if (streamed) _streamed++;
        }
    }

    /// <param name="cost">Null: the gateway stated none.</param>
    public void Ok(TimeSpan latency, Amount? cost)
    {
        _latency.Add(latency);
        lock (_lock)
        {
            _ok++;
            if (cost is { } known) _cost += known;
            else _costUnknown++;
        }
    }

    /// <param name="status">Not 2xx.</param>
    public void NotOk(int status) =>
        Count(status is >= 400 and < 500 ? _refused : _failures, status.ToString(CultureInfo.InvariantCulture));

    public void Failed(string cause) => Count(_failures, cause);

    public ReplayProgress Progress(TimeSpan elapsed)
    {
        lock (_lock) return new(_sent, _ok, _refused.Values.Sum(), _failures.Values.Sum(), _cost, elapsed);
    }

    public ReplaySummary Summary(TimeSpan elapsed)
    {
        var rate = Progress(elapsed).RequestsPerSecond;
        lock (_lock)
        {
            return new(
                _sent, _ok, _refused, _failures.Values.Sum(), _failures, _cost.ToString(), _costUnknown, _streamed,
                Math.Round((decimal)elapsed.Ticks / TimeSpan.TicksPerSecond, 3), rate,
                _latency.QuantileMs(500), _latency.QuantileMs(990));
        }
    }

    private void Count(SortedDictionary<string, long> counts, string key)
    {
        lock (_lock) counts[key] = counts.GetValueOrDefault(key) + 1;
    }
}
