using Microsoft.Extensions.Logging;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>Logs when the ledger stops taking writes, once a minute while it does not, and when it takes them again; and when a command goes into
/// quarantine.</summary>
internal sealed partial class LedgerWatch(ILedger ledger, TimeProvider time, OutageLog outages, ILogger<LedgerWatch> logger)
    : TickingWorker(TimeSpan.FromSeconds(1), time, outages)
{
    private readonly Episode _notWritable = new(time);
    private int _quarantined = ledger.Health.Quarantined;

    protected override ILogger Logger => logger;

    protected override string Work => "looks at the ledger's health";

    protected override bool BeginsAtOnce => true;

    protected override Task TickAsync(CancellationToken stoppingToken)
    {
        Look(ledger.Health);
        return Task.CompletedTask;
    }

    private void Look(LedgerHealth health)
    {
        if (health.Quarantined > _quarantined) LogQuarantined(health.Quarantined - _quarantined, health.Quarantined);
        _quarantined = health.Quarantined;
        var line = _notWritable.See(!health.IsWritable);
        var seconds = (long)_notWritable.Lasted.TotalSeconds;
        var reason = health.Reason ?? "no reason is known";
        switch (line)
        {
            case EpisodeLine.Began:
                LogNotWritable(health.IsReadOnly ? "read-only" : "unavailable", reason);
                break;
            case EpisodeLine.Lasts:
                LogStillNotWritable(seconds, reason, health.QueueDepth);
                break;
            case EpisodeLine.Ended:
                LogWritable(seconds);
                break;
        }
    }

    [LoggerMessage(EventId = LogEvents.LedgerNotWritable, Level = LogLevel.Error,
        Message = "The ledger is {State}: new spend is refused, reads go on. {Reason}")]
    private partial void LogNotWritable(string state, string reason);

    [LoggerMessage(EventId = LogEvents.LedgerStillNotWritable, Level = LogLevel.Error,
        Message = "The ledger has taken no writes for {Seconds} s; {Waiting} commands wait. {Reason}")]
    private partial void LogStillNotWritable(long seconds, string reason, int waiting);

    [LoggerMessage(EventId = LogEvents.LedgerWritable, Level = LogLevel.Information, Message = "The ledger takes writes again, after {Seconds} s.")]
    private partial void LogWritable(long seconds);

    [LoggerMessage(EventId = LogEvents.CommandsQuarantined, Level = LogLevel.Error,
        Message = "{Count} commands went into quarantine, {Total} are there: tieout quarantine list shows them.")]
    private partial void LogQuarantined(int count, int total);
}
