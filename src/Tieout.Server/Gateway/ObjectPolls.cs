using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Looks after what providers have not finished and nobody asks for, so that what it used is charged all the same; after a restart it goes on where it was.</summary>
internal abstract class ObjectPolls(ObjectKind kind, CurrentRoutes currentRoutes, ILedger ledger, TimeProvider time, OutageLog outages, ILogger logger) : Worker
{
    private const int PageLength = 100;

    protected CurrentRoutes CurrentRoutes { get; } = currentRoutes;

    protected TimeProvider Time { get; } = time;

    protected abstract Task LookAsync(KeptObject pending);

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(CurrentRoutes.Get().Options.Gateway.BatchPollInterval, Time, stoppingToken);

            // One server asks: the others would only ask the same.
            if (ledger.IsLeader) await PollAsync(stoppingToken);
        }
    }

    /// <summary>One after the other: nobody waits, and providers limit who asks often.</summary>
    private async Task PollAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (var after = 0L; ;)
            {
                var pending = await ledger.Read.PendingObjectsAsync(kind, after, PageLength, stoppingToken);
                foreach (var one in pending)
                {
                    stoppingToken.ThrowIfCancellationRequested();
                    after = one.Row.Seq;
                    await LookAsync(one);
                }

                if (pending.Count < PageLength) return;
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("polls of providers", unavailable.Message);
        }
    }
}
