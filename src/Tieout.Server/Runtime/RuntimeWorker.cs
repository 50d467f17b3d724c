using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Configuration;
using Tieout.Server.Pricing;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>Meters runtimes as time passes, on one node.</summary>
internal sealed partial class RuntimeWorker(
    ILedger ledger, CurrentPrices prices, ServerOptions options, TimeProvider time, OutageLog outages, ILogger<RuntimeWorker> logger)
    : LeaderWorker(ledger, TimeSpan.FromSeconds(10), time, outages)
{
    private RuntimeMeter? _meter;

    protected override ILogger Logger => logger;

    protected override string Work => "meterings of runtimes";

    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        try
        {
            _meter ??= new(Ledger, prices, options.Runtime);
            var refused = await _meter.TickAsync(Instant.From(Time.GetUtcNow()), stoppingToken);
            if (refused > 0) LogRefused(refused);
        }
        catch (StoreUnavailableException)
        {
            Forget();
            throw;
        }
    }

    protected override void Forget() => _meter = null;

    [LoggerMessage(EventId = LogEvents.RuntimeNotCharged, Level = LogLevel.Error,
        Message = "{Records} intervals of runtimes could not be charged and are tried again. Check that their models have a price")]
    private partial void LogRefused(int records);
}
