using System.Globalization;
using Microsoft.Extensions.Logging;
using Tieout.Storage;

namespace Tieout.Server.Telemetry;

/// <summary>Every repeated log line of an outage of the store goes through here: one line on entering, one a minute, one on leaving.</summary>
internal sealed partial class OutageLog(ILedger ledger, TimeProvider time, ILogger<OutageLog> logger) : Worker
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>The store counts as back when nothing has failed for so long: a store that comes and goes is one outage.</summary>
    private static readonly TimeSpan QuietFor = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _failed = new(StringComparer.Ordinal);
    private readonly Episode _outage = new(time);
    private long _lastFailure;

    /// <summary>Something failed because the store did.</summary>
    /// <param name="work">What failed, in the plural: <c>holds</c>.</param>
    /// <param name="reason">In one sentence.</param>
    public void See(string work, string reason)
    {
        lock (_gate)
        {
            _failed[work] = _failed.GetValueOrDefault(work) + 1;
            Enter(reason);
        }
    }

    /// <summary>Looks whether the store is back, and writes the line that is due.</summary>
    public void Look()
    {
        var health = ledger.Health;
        lock (_gate)
        {
            if (!health.IsWritable) Enter(health.Reason ?? "The store takes no writes.");
            var isQuiet = health.IsWritable && time.GetElapsedTime(_lastFailure) >= QuietFor;
            switch (_outage.See(_outage.IsOn && !isQuiet))
            {
                case EpisodeLine.Lasts:
                    LogLasting((long)_outage.Lasted.TotalSeconds, Counts(), health.Reason ?? "");
                    break;
                case EpisodeLine.Ended:
                    // The quiet time is no part of the outage.
                    LogLeft((long)(_outage.Lasted - time.GetElapsedTime(_lastFailure)).TotalSeconds, Counts());
                    _failed.Clear();
                    break;
            }
        }
    }

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) Look();
    }

    private void Enter(string reason)
    {
        _lastFailure = time.GetTimestamp();
        if (!_outage.IsOn && _outage.See(holds: true) is EpisodeLine.Began) LogEntered(reason);
    }

    private string Counts() =>
        _failed.Count == 0 ? "nothing"
            : string.Join(", ",
                _failed.OrderBy(work => work.Key, StringComparer.Ordinal).Select(
                    work => string.Create(CultureInfo.InvariantCulture, $"{work.Value} {work.Key}")));

    [LoggerMessage(EventId = LogEvents.StoreAway, Level = LogLevel.Warning,
        Message = "The store is away: {Reason} New spend is refused, and finished spend waits in the spool. The next line comes in a minute, or when the store is back")]
    private partial void LogEntered(string reason);

    [LoggerMessage(EventId = LogEvents.StoreStillAway, Level = LogLevel.Warning,
        Message = "The store has been away for {Seconds} s; failed so far: {Counts}. {Reason}")]
    private partial void LogLasting(long seconds, string counts, string reason);

    [LoggerMessage(EventId = LogEvents.StoreBack, Level = LogLevel.Warning, Message = "The store is back after {Seconds} s; failed meanwhile: {Counts}")]
    private partial void LogLeft(long seconds, string counts);
}
