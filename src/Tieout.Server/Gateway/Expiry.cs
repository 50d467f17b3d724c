using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Ends holds that have expired, so that a dead gateway does not hold money for ever, and takes back the rest of expired grants.</summary>
internal sealed partial class Expiry(ILedger ledger, SettlementSpool spool, TimeProvider time, OutageLog outages, ILogger<Expiry> logger)
    : LeaderWorker(ledger, TimeSpan.FromSeconds(5), time, outages)
{
    protected override ILogger Logger => logger;

    protected override string Work => "expiries of holds and grants";

    protected override bool BeginsAtOnce => true;

    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        var due = Due(Instant.From(Time.GetUtcNow()));

        // A hold whose settlement waits in the spool must not end before it: the charge would count as late.
        if (due.Count == 0 || spool.Count > 0) return;
        await Ledger.SubmitAsync(due, stoppingToken);
        LogExpired(due.Count);
    }

    private List<Command> Due(Instant now)
    {
        var due = new List<Command>();
        foreach (var hold in Ledger.Read.OpenHolds(null))
        {
            if (hold.ExpiresAt <= now) due.Add(new Command.ExpireHold(hold.Id));
        }

        foreach (var org in Ledger.Read.Orgs)
        {
            foreach (var grant in Ledger.Read.Balance(org.Org.Id)?.Grants ?? [])
            {
                if (grant.ExpiresAt <= now) due.Add(new Command.ExpireGrant(org.Org.Id, grant.Id));
            }
        }

        return due;
    }

    [LoggerMessage(EventId = LogEvents.HoldsExpired, Level = LogLevel.Information, Message = "{Count} holds or grants were due to expire")]
    private partial void LogExpired(int count);
}
