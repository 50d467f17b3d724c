using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <summary>The items of one call that break a contract, put aside in one go.</summary>
/// <param name="contracts">Null: nothing is put aside.</param>
internal sealed class QuarantineBatch(ILedger ledger, CurrentContracts? contracts)
{
    private readonly List<(int Place, Command.AddRecord Command)> _aside = [];

    public bool IsEmpty => _aside.Count == 0;

    /// <summary>Whether an item is to be put aside, and not charged.</summary>
    /// <param name="place">Of the item among the outcomes.</param>
    /// <returns>What becomes of it; null: it is charged.</returns>
    public async ValueTask<ItemOutcome?> TakeAsync(int place, UsageItem item, UsageRecord usage, Caller caller, CancellationToken cancellationToken)
    {
        if (item.IsReleased || contracts?.Quarantining(usage) is not { } broken) return null;

        if (await IsChargedAsync(usage, cancellationToken)) return null;
        var known = await ledger.Read.RecordAsync(QuarantinedEvent.KeyOf(usage.Labels.Org, usage.Id), cancellationToken);
        if (known is null) _aside.Add((place, QuarantinedEvent.Put(item, usage, broken.Contract, broken.Breaches, caller.TokenId)));
        return new(item, ItemStatus.Quarantined, usage.Id, new(ApiError.ContractViolated, Detail(broken.Contract, broken.Breaches)));
    }

    /// <summary>Stores what was taken. An item that cannot be stored is refused.</summary>
    /// <param name="audit">How the call is recorded, in this commit too; null: it is a tenant's.</param>
    public async Task KeepAsync(ItemOutcome[] outcomes, IngestAudit? audit, CancellationToken cancellationToken)
    {
        if (IsEmpty) return;
        List<Command> commands = [.. _aside.Select(aside => aside.Command)];
        if (audit is not null) commands.Add(audit.Call(_aside[0].Command.Org, outcomes.Length));
        var decided = await ledger.SubmitAsync(commands, cancellationToken);
        foreach (var ((place, _), outcome) in _aside.Zip(decided))
        {
            // Another server put it aside a moment ago.
            if (outcome is not Outcome.Refused { Reason: not Refusal.RecordChanged } refused) continue;
            outcomes[place] = new(outcomes[place].Item, ItemStatus.Refused, null, new(refused.Reason.Error, refused.LimitDetail ?? refused.Reason.Error.Title));
        }
    }

    /// <summary>What was charged before the contract stays charged: sent again, it is a replay.</summary>
    private async ValueTask<bool> IsChargedAsync(UsageRecord usage, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.Read.AttemptAsync(usage.Labels.Org, usage.Id, cancellationToken) is not null;
        }
        catch (RowsArchivedException)
        {
            // The ledger refuses this item by itself; the others of the call go on.
            return true;
        }
    }

    private static string Detail(JoinContract contract, IReadOnlyList<ContractBreach> breaches) =>
        $"It breaks the join contract '{contract.Name}': {ContractWords.Said(breaches)}. It is kept, and charged once when it is released.";
}
