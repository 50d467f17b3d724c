using Microsoft.Extensions.Logging;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Spike.Mitigations;

/// <summary>Records that mitigations are over when their time is, announces it, and lifts the budgets of cost caps (G2).</summary>
/// <remarks>A mitigation is not in force after its time, whether or not this has run; the budget of a cost cap ends with the next turn.</remarks>
internal sealed class MitigationExpiry(
    ILedger ledger, CurrentMitigations current, MitigationChanges changes, TimeProvider time, OutageLog outages, ILogger<MitigationExpiry> logger)
    : LeaderWorker(ledger, TimeSpan.FromMilliseconds(500), time, outages)
{
    protected override ILogger Logger => logger;

    protected override string Work => "expiries of mitigations";

    protected override bool BeginsAtOnce => true;

    /// <summary>Ends every mitigation whose time is over.</summary>
    public async Task EndDueAsync(CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        foreach (var mitigation in current.Get().All)
        {
            if (mitigation.EndedAt is null && mitigation.ExpiresAt <= now) await changes.ExpireAsync(mitigation, cancellationToken);
        }
    }

    protected override Task LeadAsync(CancellationToken stoppingToken) => EndDueAsync(stoppingToken);
}
