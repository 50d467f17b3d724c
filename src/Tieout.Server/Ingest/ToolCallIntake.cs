using System.Diagnostics;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tools;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <summary>From items to records of tool calls: each counts once, and is answered by itself.</summary>
internal sealed class ToolCallIntake(ILedger ledger)
{
    /// <param name="reporter">Which door the items come through; see <see cref="ToolCall.Reporter"/>.</param>
    /// <param name="audit">How the call is recorded; null: it is a tenant's.</param>
    /// <returns>One outcome an item, in their order.</returns>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>. Sending all of it again is
    /// safe.</exception>
    public async Task<IReadOnlyList<ItemOutcome>> TakeAsync(
        IReadOnlyList<UsageItem> items, string reporter, Caller caller, IngestAudit? audit, CancellationToken cancellationToken)
    {
        foreach (var item in items) Assign(item, caller);
        var taken = items.Where(item => item.Refusal is null).ToList();
        if (taken.Count == 0) return [.. items.Select(ItemOutcome.Refused)];

        var commands = taken.ConvertAll<Command>(item => Record(item, reporter));
        if (audit is not null) commands.Add(audit.Call(taken[0].Org!, items.Count));
        var decided = await ledger.SubmitAsync(commands, cancellationToken);
        var outcomes = new List<ItemOutcome>(items.Count);
        var next = 0;
        foreach (var item in items)
        {
            outcomes.Add(item.Refusal is not null
                ? ItemOutcome.Refused(item)
                : await AnswerAsync(item, (Command.AddRecord)commands[next], reporter, decided[next++], cancellationToken));
        }

        return outcomes;
    }

    private static Command.AddRecord Record(UsageItem item, string reporter)
    {
        var call = new ToolCall(item.Tool!, item.Feature, item.Failed ?? false, item.Retries, item.OccurredAt!.Value, reporter, item.Id!)
        {
            Error = item.Error,
            OperationId = item.OperationId,
        };
        return new(RecordKind.ToolCall, item.Org!, ToolCall.NameOf(item.Source, item.Id!), call.Body, Once: true);
    }

    /// <summary>A key reports calls of its own org only. Another org is answered as one that does not exist, so that names cannot be probed.</summary>
    private void Assign(UsageItem item, Caller caller)
    {
        if (item.Refusal is not null) return;
        if (caller.Key is { } key)
        {
            item.Org ??= key.Org;
            if (item.Org != key.Org) item.Refuse(ApiError.OrgNotFound, $"The org '{Inputs.Shown(item.Org)}' does not exist.");
            if (key.Terms?.Pins is { } pins)
            {
                if (pins.Conflict(null, item.Feature, null) is { } conflict) item.Refuse(ApiError.TagPinned, KeyRules.Detail(conflict));
                item.Feature = pins.Feature ?? item.Feature;
            }
        }

        if (item.Org is null || ledger.Read.Org(item.Org) is null)
        {
            item.Refuse(ApiError.OrgNotFound,
                item.Org is null ? "org is required: the admin token belongs to no org." : $"The org '{Inputs.Shown(item.Org)}' does not exist.");
        }
    }

    private async ValueTask<ItemOutcome> AnswerAsync(
        UsageItem item, Command.AddRecord command, string reporter, Outcome outcome, CancellationToken cancellationToken)
    {
        switch (outcome)
        {
            case Outcome.Done:
                return new(item, ItemStatus.Accepted, null);
            case Outcome.Replayed:
                return new(item, ItemStatus.Replayed, null);
            case Outcome.Refused { Reason: Refusal.IdReused }:
                // Somebody else saw the same call first, and sees it otherwise: it counts once, as it is recorded.
                var standing = await ledger.Read.RecordAsync(command.Key, cancellationToken);
                if (standing is not null && ToolCall.Parse(standing.Body)?.Reporter != reporter) return new(item, ItemStatus.Replayed, null);
                return new(item, ItemStatus.Conflict, null,
                    new(ApiError.IdReused, "This id of this source was recorded before with another content. The record was not changed."));
            case Outcome.Refused refused:
                return new(item, ItemStatus.Refused, null, new(refused.Reason.Error, refused.LimitDetail ?? refused.Reason.Error.Title));
            default:
                throw new UnreachableException($"No answer for {outcome}.");
        }
    }
}
