using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Polls providers for objects that they have not finished, so that their usage is charged even if no client asks for them, also after a
/// restart.</summary>
internal abstract class ObjectPolls(ObjectKind kind, CurrentRoutes currentRoutes, ILedger ledger, TimeProvider time, OutageLog outages, ILogger logger) : Worker
{
    private const int PageLength = 100;

    protected CurrentRoutes CurrentRoutes { get; } = currentRoutes;

    protected TimeProvider Time { get; } = time;

    protected abstract Task PollAsync(KeptObject pending);

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(CurrentRoutes.Get().Options.Gateway.BatchPollInterval, Time, stoppingToken);

            // One server polls for all.
            if (ledger.IsLeader) await PollAllAsync(stoppingToken);
        }
    }

    /// <summary>One object after the other: no client waits for them, and providers limit frequent requests.</summary>
    private async Task PollAllAsync(CancellationToken stoppingToken)
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
                    await PollAsync(one);
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
