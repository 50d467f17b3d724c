using System.Globalization;
using Microsoft.Extensions.Logging;
using Tieout.Storage;

namespace Tieout.Server.Telemetry;

/// <summary>Every repeated log line of an outage of the store goes through here: one line on entering, one a minute, one on leaving.</summary>
internal sealed partial class OutageLog(ILedger ledger, TimeProvider time, ILogger<OutageLog> logger) : Worker
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RepeatEvery = TimeSpan.FromMinutes(1);

    /// <summary>The store counts as back when nothing has failed for so long: a store that comes and goes is one outage.</summary>
    private static readonly TimeSpan QuietFor = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _failed = new(StringComparer.Ordinal);
    private DateTimeOffset? _since;
    private DateTimeOffset _lastLine;
    private DateTimeOffset _lastFailure;

    /// <summary>Something failed because the store did.</summary>
    /// <param name="work">What failed, in the plural: <c>holds</c>.</param>
    /// <param name="reason">In one sentence.</param>
    public void See(string work, string reason)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            _failed[work] = _failed.GetValueOrDefault(work) + 1;
            Enter(now, reason);
        }
    }

    /// <summary>Looks whether the store is back, and writes the line that is due.</summary>
    public void Look()
    {
        var health = ledger.Health;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (!health.IsWritable) Enter(now, health.Reason ?? "The store takes no writes.");
            if (_since is not { } since) return;
            if (health.IsWritable && now - _lastFailure >= QuietFor)
            {
                LogLeft((long)(_lastFailure - since).TotalSeconds, Counts());
                _since = null;
                _failed.Clear();
            }
            else if (now - _lastLine >= RepeatEvery)
            {
                _lastLine = now;
                LogLasting((long)(now - since).TotalSeconds, Counts(), health.Reason ?? "");
            }
        }
    }

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) Look();
    }

    private void Enter(DateTimeOffset now, string reason)
    {
        _lastFailure = now;
        if (_since is not null) return;
        (_since, _lastLine) = (now, now);
        LogEntered(reason);
    }

    private string Counts() => _failed.Count == 0 ? "nothing" : string.Join(", ", _failed.OrderBy(work => work.Key, StringComparer.Ordinal).Select(work => string.Create(CultureInfo.InvariantCulture, $"{work.Value} {work.Key}")));

    [LoggerMessage(EventId = LogEvents.StoreAway, Level = LogLevel.Warning, Message = "The store is away: {Reason} New spend is refused, and finished spend waits in the spool. The next line comes in a minute, or when the store is back")]
    private partial void LogEntered(string reason);

    [LoggerMessage(EventId = LogEvents.StoreStillAway, Level = LogLevel.Warning, Message = "The store has been away for {Seconds} s; failed so far: {Counts}. {Reason}")]
    private partial void LogLasting(long seconds, string counts, string reason);

    [LoggerMessage(EventId = LogEvents.StoreBack, Level = LogLevel.Warning, Message = "The store is back after {Seconds} s; failed meanwhile: {Counts}")]
    private partial void LogLeft(long seconds, string counts);
}
