using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Outbox;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Holds the ceilings of all lines of a batch, or of none (M2, B1).</summary>
internal sealed class BatchHolds(ILedger ledger, SettlementSpool spool, RefusalNews refusals)
{
    /// <summary>Commands submitted at once.</summary>
    public const int ChunkLength = 500;

    /// <returns>Either every line is held for, or none.</returns>
    public async Task<HoldResult> PlaceAsync(BatchOrder order)
    {
        if (spool.IsFull) return HoldResult.Refuse(new(ApiError.StoreUnavailable));
        var placed = new List<AttemptId>(order.Holds.Count);
        var (sum, figures) = (Amount.Zero, Figures.None);
        Outcome.Refused? refused = null;
        foreach (var chunk in order.Holds.Chunk(ChunkLength))
        {
            try
            {
                var outcomes = await LinkedCommands.SubmitAsync(ledger, chunk, CancellationToken.None);
                foreach (var (hold, outcome) in chunk.Select(linked => (Command.PlaceHold)linked.Command).Zip(outcomes))
                {
                    if (outcome is Outcome.Refused no)
                    {
                        refused ??= no with { Left = no.Left + sum };
                        continue;
                    }

                    placed.Add(hold.Id);
                    sum += hold.Amount;
                    if (outcome is Outcome.Done done) figures = done.Figures;
                }
            }
            catch (StoreUnavailableException unavailable)
            {
                if (unavailable.Effect is StoreEffect.Unknown) placed.AddRange(chunk.Select(linked => ((Command.PlaceHold)linked.Command).Id));
                await ReleaseAsync(placed);
                return HoldResult.Refuse(new(ApiError.StoreUnavailable));
            }

            if (refused is null) continue;
            await ReleaseAsync(placed);
            refusals.See(((Command.PlaceHold)chunk[0].Command).Labels.Org, refused, order.Ceiling);
            return HoldResult.Refuse(HoldRefusal.Of(refused, order.Ceiling));
        }

        return HoldResult.Placed(figures);
    }

    /// <summary>Releases holds of lines that never ran.</summary>
    /// <returns>False: not all commands are durable yet.</returns>
    public async Task<bool> ReleaseAsync(IEnumerable<AttemptId> attempts)
    {
        var durable = true;
        foreach (var chunk in attempts.Chunk(ChunkLength)) durable &= await FinishAsync(chunk.Select(id => (Command)new Command.Release(id)));
        return durable;
    }

    /// <summary>Makes finished spend durable. The commands are submitted together, so that they share commits.</summary>
    /// <returns>False: not all commands are durable yet.</returns>
    public async Task<bool> FinishAsync(IEnumerable<Command> commands)
    {
        var outcomes = await Task.WhenAll(commands.Select(command => spool.FinishAsync(command).AsTask()));
        return Array.TrueForAll(outcomes, outcome => outcome is not null);
    }
}
