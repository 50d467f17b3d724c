using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Hosting;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Ends holds that have expired, so that a dead gateway does not hold money for ever, and takes back the rest of expired grants.</summary>
internal sealed partial class Expiry(ILedger ledger, SettlementSpool spool, TimeProvider time, OutageLog outages, ILogger<Expiry> logger) : Worker
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                await ExpireAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task ExpireAsync(CancellationToken cancellationToken)
    {
        if (!ledger.IsLeader) return;
        try
        {
            var due = Due(Instant.From(time.GetUtcNow()));

            // A hold whose settlement waits in the spool must not end before it: the charge would count as late.
            if (due.Count == 0 || spool.Count > 0) return;
            await ledger.SubmitAsync(due, cancellationToken);
            LogExpired(due.Count);
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("expiries of holds and grants", unavailable.Message);
        }
    }

    private List<Command> Due(Instant now)
    {
        var due = new List<Command>();
        foreach (var hold in ledger.Read.OpenHolds(null))
        {
            if (hold.ExpiresAt <= now) due.Add(new Command.ExpireHold(hold.Id));
        }

        foreach (var org in ledger.Read.Orgs)
        {
            foreach (var grant in ledger.Read.Balance(org.Org.Id)?.Grants ?? [])
            {
                if (grant.ExpiresAt <= now) due.Add(new Command.ExpireGrant(org.Org.Id, grant.Id));
            }
        }

        return due;
    }

    [LoggerMessage(EventId = LogEvents.HoldsExpired, Level = LogLevel.Information, Message = "{Count} holds or grants were due to expire")]
    private partial void LogExpired(int count);
}
