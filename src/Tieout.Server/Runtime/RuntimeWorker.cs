using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>Meters runtimes as time passes, on one node.</summary>
internal sealed partial class RuntimeWorker(ILedger ledger, CurrentKeys keys, ServerOptions options, TimeProvider time, OutageLog outages, ILogger<RuntimeWorker> logger) : Worker
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private RuntimeMeter? _meter;

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await TickAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task TickAsync(CancellationToken stoppingToken)
    {
        // Another node charges meanwhile: what was remembered here is not what stands when it is this node's turn again.
        if (!ledger.IsLeader) _meter = null;
        if (!ledger.IsLeader || !ledger.Health.IsWritable) return;
        try
        {
            _meter ??= new(ledger, keys, options.Runtime);
            var refused = await _meter.TickAsync(Instant.From(time.GetUtcNow()), stoppingToken);
            if (refused > 0) LogRefused(refused);
        }
        catch (StoreUnavailableException unavailable)
        {
            _meter = null;
            outages.See("meterings of runtimes", unavailable.Message);
        }
    }

    [LoggerMessage(EventId = LogEvents.RuntimeNotCharged, Level = LogLevel.Error, Message = "{Records} intervals of runtimes could not be charged and are tried again. Check that their models have a price")]
    private partial void LogRefused(int records);
}
