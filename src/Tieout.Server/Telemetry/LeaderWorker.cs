using Tieout.Storage;

namespace Tieout.Server.Telemetry;

/// <summary>Work that one node does for all: a turn passes where another node leads, and while the ledger takes no writes.</summary>
/// <param name="period">From one turn to the next.</param>
internal abstract class LeaderWorker(ILedger ledger, TimeSpan period, TimeProvider time, OutageLog outages) : TickingWorker(period, time, outages)
{
    protected ILedger Ledger { get; } = ledger;

    /// <summary>One turn of the leader.</summary>
    /// <exception cref="StoreUnavailableException">The store is away. The next turn tries again.</exception>
    protected abstract Task LeadAsync(CancellationToken stoppingToken);

    /// <summary>Another node leads: what was remembered here is not what stands when it is this node's turn again.</summary>
    protected virtual void Forget()
    {
    }

    protected sealed override async Task TickAsync(CancellationToken stoppingToken)
    {
        if (!Ledger.IsLeader) Forget();
        else if (Ledger.Health.IsWritable) await LeadAsync(stoppingToken);
    }
}
