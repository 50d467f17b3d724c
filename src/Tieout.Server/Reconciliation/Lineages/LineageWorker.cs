using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>Audits the hours that are over. A ledger that has none audited yet, or was away, catches up an hour after another.</summary>
internal sealed class LineageWorker(ILedger ledger, LineageHours hours, TimeProvider time, OutageLog outages, ILogger<LineageWorker> logger)
    : LeaderWorker(ledger, TimeSpan.FromMinutes(1), time, outages)
{
    protected override ILogger Logger => logger;

    protected override string Work => "audits of lineages";

    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        while (await hours.AuditNextAsync(Instant.From(Time.GetUtcNow()), stoppingToken) && Ledger.IsLeader) stoppingToken.ThrowIfCancellationRequested();
    }
}
