using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Telemetry;
using Tieout.Storage;
using Tieout.Storage.Detaching;

namespace Tieout.Server.Hosting;

/// <summary>The ledger, with the effects of each request counted where a request asks for it.</summary>
internal sealed class TrackedLedger(ILedger ledger) : ILedger
{
    public LedgerHealth Health => ledger.Health;

    public ILedgerReader Read => ledger.Read;

    public IDeliveries Deliveries => ledger.Deliveries;

    public IRefusedRequests RefusedRequests => ledger.RefusedRequests;

    public IKeyUses KeyUses => ledger.KeyUses;

    public IFollower Follower => ledger.Follower;

    public bool IsLeader => ledger.IsLeader;

    public ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken = default) =>
        RequestEffects.Current is { } effects ? TrackAsync(effects, command, cancellationToken) : ledger.SubmitAsync(command, cancellationToken);

    public ValueTask<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken = default) =>
        RequestEffects.Current is { } effects ? TrackAsync(effects, commands, cancellationToken) : ledger.SubmitAsync(commands, cancellationToken);

    public void Limit(LedgerLimits limits) => ledger.Limit(limits);

    public Task RepairAsync(IReadOnlyList<FigureDrift> drifts) => ledger.RepairAsync(drifts);

    public Task<DetachReport> DetachAsync(DetachOrder order, IProgress<RowProgress>? progress, CancellationToken cancellationToken) =>
        ledger.DetachAsync(order, progress, cancellationToken);

    public ValueTask DisposeAsync() => ledger.DisposeAsync();

    private async ValueTask<Outcome> TrackAsync(RequestEffects effects, Command command, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await ledger.SubmitAsync(command, cancellationToken);
            effects.Saw(outcome);
            return outcome;
        }
        catch (StoreUnavailableException failure)
        {
            effects.Failed(command, failure.Effect);
            throw;
        }
    }

    private async ValueTask<IReadOnlyList<Outcome>> TrackAsync(RequestEffects effects, IReadOnlyList<Command> commands, CancellationToken cancellationToken)
    {
        try
        {
            var outcomes = await ledger.SubmitAsync(commands, cancellationToken);
            foreach (var outcome in outcomes) effects.Saw(outcome);
            return outcomes;
        }
        catch (StoreUnavailableException failure)
        {
            foreach (var command in commands) effects.Failed(command, failure.Effect);
            throw;
        }
    }
}
