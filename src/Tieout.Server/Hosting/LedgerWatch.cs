using Microsoft.Extensions.Logging;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>Logs when the ledger stops taking writes, once a minute while it does not, and when it takes them again; and when a command goes into quarantine.</summary>
internal sealed partial class LedgerWatch(ILedger ledger, TimeProvider time, ILogger<LedgerWatch> logger) : Worker
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RepeatEvery = TimeSpan.FromMinutes(1);

    private int _quarantined = ledger.Health.Quarantined;
    private long _since;
    private long _saidAt;

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        do Look(ledger.Health);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Look(LedgerHealth health)
    {
        if (health.Quarantined > _quarantined) LogQuarantined(health.Quarantined - _quarantined, health.Quarantined);
        _quarantined = health.Quarantined;
        if (health.IsWritable)
        {
            if (_since != 0)
            {
                var seconds = (long)time.GetElapsedTime(_since).TotalSeconds;
                LogWritable(seconds);
            }

            _since = 0;
        }
        else if (_since == 0)
        {
            _since = _saidAt = time.GetTimestamp();
            LogNotWritable(health.IsReadOnly ? "read-only" : "unavailable", health.Reason ?? "no reason is known");
        }
        else if (time.GetElapsedTime(_saidAt) >= RepeatEvery)
        {
            _saidAt = time.GetTimestamp();
            LogStillNotWritable((long)time.GetElapsedTime(_since).TotalSeconds, health.Reason ?? "no reason is known", health.QueueDepth);
        }
    }

    [LoggerMessage(EventId = LogEvents.LedgerNotWritable, Level = LogLevel.Error, Message = "The ledger is {State}: new spend is refused, reads go on. {Reason}")]
    private partial void LogNotWritable(string state, string reason);

    [LoggerMessage(EventId = LogEvents.LedgerStillNotWritable, Level = LogLevel.Error, Message = "The ledger has taken no writes for {Seconds} s; {Waiting} commands wait. {Reason}")]
    private partial void LogStillNotWritable(long seconds, string reason, int waiting);

    [LoggerMessage(EventId = LogEvents.LedgerWritable, Level = LogLevel.Information, Message = "The ledger takes writes again, after {Seconds} s.")]
    private partial void LogWritable(long seconds);

    [LoggerMessage(EventId = LogEvents.CommandsQuarantined, Level = LogLevel.Error, Message = "{Count} commands went into quarantine, {Total} are there: tieout quarantine list shows them.")]
    private partial void LogQuarantined(int count, int total);
}
