using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Pricing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <summary>From items to charges: each is priced, charged once for ever, and answered by itself.</summary>
/// <remarks>From the platform usage is a fact: it is charged with or without headroom, and passing a limit is a finding. <see cref="FactCap"/> says how far
/// this is so for a key.</remarks>
/// <param name="identities">Null: nothing that comes in here bears an envelope.</param>
/// <param name="contracts">Null: nothing that comes in here is put aside.</param>
internal sealed class Intake(ILedger ledger, CurrentPrices prices, ItemIdentities? identities = null, CurrentContracts? contracts = null)
{
    /// <summary>Labels come from senders: past this many combinations, the remembered ones are let go.</summary>
    private const int RememberedMax = 10_000;

    /// <summary>Flags that come from the price and not from the measurement: a new price list may change them, and the usage is still the same.</summary>
    private const UsageFlags OfPrices = UsageFlags.Unpriced | UsageFlags.PartsExceedTotal | UsageFlags.ReportedCostDiffers;

    private readonly ConcurrentDictionary<UsageLabels, UsageLabels> _labels = new();

    // Items that follow each other are mostly alike, and comparing is far less than hashing nine texts.
    private volatile UsageLabels? _last;

    /// <inheritdoc cref="TakeAsync(IReadOnlyList{UsageItem}, Caller, string?, CancellationToken, IngestAudit?)"/>
    public Task<IReadOnlyList<ItemOutcome>> TakeAsync(IReadOnlyList<UsageItem> items, Caller caller, CancellationToken cancellationToken) =>
        TakeAsync(items, caller, envelope: null, cancellationToken);

    /// <param name="envelope">Of the call: for every item that bears none of its own. Null: there is none.</param>
    /// <param name="audit">How the call is recorded; null: it is a tenant's, or the server's own.</param>
    /// <returns>One outcome an item, in their order.</returns>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>. Sending all of it again is
    /// safe.</exception>
    public async Task<IReadOnlyList<ItemOutcome>> TakeAsync(
        IReadOnlyList<UsageItem> items, Caller caller, string? envelope, CancellationToken cancellationToken, IngestAudit? audit = null)
    {
        var current = prices.Get();
        var reading = identities?.For(caller);
        var charges = new List<LinkedCommand>(items.Count);
        var facts = new FactCap(caller);
        var (outcomes, aside) = (new ItemOutcome[items.Count], new QuarantineBatch(ledger, contracts));
        for (var i = 0; i < items.Count; i++)
        {
            var token = items[i].Envelope ?? envelope;
            var carried = token is not null && items[i].Refusal is null ? reading?.Bind(items[i], token) : null;
            var priced = items[i].Refusal is null ? Price(items[i], caller, current, isBound: carried is not null) : null;
            if (priced is null)
            {
                outcomes[i] = ItemOutcome.Refused(items[i]);
                continue;
            }

            // Usage under an envelope is whose the envelope says: it is charged, and counted as incomplete.
            if (carried is null && await aside.TakeAsync(i, items[i], priced.Usage, caller, cancellationToken) is { } kept)
            {
                outcomes[i] = kept;
                continue;
            }

            var charge = facts.Charge(priced);
            charges.Add(
                new(items[i].IsStated && audit is not null ? audit.Stated(charge) : charge, carried, carried is null ? null : Step(priced.Usage, caller)));
        }

        await aside.KeepAsync(outcomes, audit, cancellationToken);
        var first = audit is null || charges.Count == 0 ? 0 : 1;
        if (first > 0)
        {
            charges.Insert(0, new(audit!.Call(((Command.Charge)charges[0].Command).Usage.Usage.Labels.Org, items.Count), Envelope: null, Step: null));
        }

        var decided = await LinkedCommands.SubmitAsync(ledger, charges, cancellationToken);
        for (var (i, next) = (0, first); i < outcomes.Length; i++)
        {
            if (outcomes[i] is null)
            {
                outcomes[i] = await AnswerAsync(items[i], (Command.Charge)charges[next].Command, decided[next++], caller, facts, cancellationToken);
            }
        }

        return outcomes;
    }

    /// <summary>What an item would be charged, if it were handed in now; null: it would be refused.</summary>
    public PricedUsage? Priced(UsageItem item, Caller caller) => Price(item, caller, prices.Get(), isBound: false);

    /// <returns>Null: it is refused, and the item says why.</returns>
    private PricedUsage? Price(UsageItem item, Caller caller, PriceSnapshot prices, bool isBound)
    {
        Assign(item, caller, isBound);
        if (item.Refusal is not null) return null;
        if (item.Org is not { } org || prices.Of(org) is not { } own)
        {
            item.Refuse(ApiError.OrgNotFound,
                item.Org is null ? "org is required: the admin token belongs to no org." : $"The org '{Inputs.Shown(item.Org)}' does not exist.");
            return null;
        }

        var id = ImportedId.Of(org, item.Source, item.Id!);
        var operation = item.OperationId ?? (Names.IsValid(item.Id) ? item.Id! : id.ToString());
        var basis = item.IsFailure ? UsageBasis.Failed : UsageBasis.Imported;
        var usage = new UsageRecord(
            id, Labels(item, org), operation, item.AttemptNo, item.WorkflowId, item.CorrelationId, item.TraceId, EndUser(item.User),
            item.OccurredAt!.Value, item.DurationMs, item.StatusCode, item.Counts(), basis, item.Flags);
        return Price(item, usage, own);
    }

    /// <summary>It as a step of its envelope: who reports it, and where it was used.</summary>
    private static LineageStep Step(UsageRecord usage, Caller caller) =>
        new(LineageKind.Attempt, usage.Id.ToString(), usage.AttemptNo, caller.TokenId, $"{usage.Labels.Provider}/{usage.Labels.Model}", usage.OccurredAt);

    private static PricedUsage? Price(UsageItem item, UsageRecord usage, OrgPrices prices)
    {
        if (item.IsFailure && !item.IsStated) return new(usage, null, Amount.Zero, Amount.Zero);
        var answer = PriceOf(item, prices);
        if (CountLimits.Check(usage.Counts, answer.Limits) is { } excess)
        {
            item.Refuse(ApiError.CountTooLarge, TooLarge(excess, item, answer.Limits));
            return null;
        }

        var price = answer.Price;
        if (item.Model is not null && answer.IsRefused && !item.IsStated)
        {
            item.Refuse(ApiError.ModelNotPriced,
                $"No price list has the model '{Inputs.Shown(item.Model)}' of {Inputs.Shown(item.Provider ?? "any provider")}, and the org's policy refuses models without a price.");
            return null;
        }

        try
        {
            var priced = price?.Price(usage.Counts) ?? default;
            if (!item.IsStated)
            {
                return new(priced.Flags is UsageFlags.None ? usage : usage with { Flags = usage.Flags | priced.Flags }, price, priced.ProviderCost,
                    priced.Charge);
            }

            // A stated amount is no function of a price, so the record names none (M3).
            var cost = item.ProviderCost ?? priced.ProviderCost;
            var charge = item.Charge ?? Amount.RoundHalfEven(cost.ToDecimal() * prices.Policy.Markup);
            return new(usage, null, cost, charge);
        }
        catch (OverflowException)
        {
            item.Refuse(ApiError.AmountTooLarge, "The item would cost more than one charge may. Split it into several items.");
            return null;
        }
    }

    private static PriceAnswer PriceOf(UsageItem item, OrgPrices prices)
    {
        if (item.Model is null) return default;
        var provider = ProviderNames.InPriceLists(item.Provider);
        var answer = prices.Find(provider, item.Model, item.OccurredAt!.Value);
        return answer.Price is not null || item.ModelAsked is null || item.ModelAsked == item.Model
            ? answer : prices.Find(provider, item.ModelAsked, item.OccurredAt!.Value);
    }

    private static string TooLarge(CountExcess excess, UsageItem item, ModelLimits limits) =>
        $"{excess.Count} {excess.Unit} are more than one record may count, which is {excess.Max}"
        + (limits.ContextWindow is { } window && excess.Max != excess.Unit.Max
            ? $" for '{Inputs.Shown(item.Model)}' with its context window of {window} tokens" : "")
        + ". Send one record for each call.";

    /// <summary>A key hands in usage of its own org, team and project only, always under its own id. Another org is answered as one that does not exist, so
    /// that names cannot be probed.</summary>
    /// <param name="isBound">An envelope says whose it is. Team and project of a key mean nothing in another org; its id is recorded there, too, as at the
    /// gateway.</param>
    private static void Assign(UsageItem item, Caller caller, bool isBound)
    {
        if (caller.Key is not { } key) return;
        if (item.IsStated) item.Refuse(ApiError.Forbidden, "A key cannot send provider_cost or charge: the price list sets them. Leave them out.");
        if (key.Terms is { Models: not null } terms && (item.Model is null || !terms.AllowsModel(item.Model)))
        {
            item.Refuse(ApiError.ModelNotAllowed,
                item.Model is null ? "The key is limited to some models, and the item has no model."
                    : $"The key may not send usage of the model '{Inputs.Shown(item.Model)}'.");
        }

        // A key that could name another one, or none, would evade its own budgets and use up the other's.
        if ((item.Key ??= key.Id) != key.Id) item.Refuse(ApiError.Forbidden, $"The key '{key.Id}' cannot send usage of another key. Leave key out.");
        Pin(item, key.Terms?.Pins);
        if (isBound && item.Org != key.Org) return;
        if (key.Worker && !isBound)
        {
            item.Refuse(ApiError.EnvelopeRequired,
                "A worker's key can send usage only with the envelope of its tenant. Send it in the header Tieout-Envelope, or with the item.");
        }

        item.Org ??= key.Org;
        if (item.Org != key.Org) item.Refuse(ApiError.OrgNotFound, $"The org '{Inputs.Shown(item.Org)}' does not exist.");
        if (key.Team is not null && (item.Team ??= key.Team) != key.Team)
        {
            item.Refuse(ApiError.Forbidden, $"The key belongs to the team '{key.Team}' and cannot send usage of another team.");
        }

        if (key.Project is not null && (item.Project ??= key.Project) != key.Project)
        {
            item.Refuse(ApiError.Forbidden, $"The key belongs to the project '{key.Project}' and cannot send usage of another project.");
        }
    }

    private static void Pin(UsageItem item, KeyPins? pins)
    {
        if (pins is null) return;
        var said = string.IsNullOrEmpty(item.User) ? null : item.User;
        if (pins.Conflict(item.Project, item.Feature, said) is { } conflict) item.Refuse(ApiError.TagPinned, KeyRules.Detail(conflict));
        (item.Project, item.Feature, item.User) = (pins.Project ?? item.Project, pins.Feature ?? item.Feature, pins.User ?? said);
    }

    private UsageLabels Labels(UsageItem item, string org)
    {
        var labels = new UsageLabels
        {
            Org = org,
            Project = item.Project,
            Team = item.Team,
            Key = item.Key,
            Feature = item.Feature,
            Provider = item.Provider,
            Model = item.Model,
            Source = item.UsageSource,
            Trigger = item.Trigger,
            Runtime = item.Runtime,
        };
        if (_last is { } last && last.Equals(labels)) return last;
        if (_labels.TryGetValue(labels, out var known)) return _last = known;
        if (_labels.Count >= RememberedMax) _labels.Clear();
        return _last = _labels.GetOrAdd(labels, labels);
    }

    /// <summary>One that is no name counts under its hash, as at the gateway, so that it counts at all.</summary>
    private static string? EndUser(string? user) =>
        string.IsNullOrEmpty(user)
            ? null : Names.IsValid(user) ? user : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user)).AsSpan(0, 16))}";

    private async ValueTask<ItemOutcome> AnswerAsync(
        UsageItem item, Command.Charge charge, Outcome outcome, Caller caller, FactCap facts, CancellationToken cancellationToken)
    {
        var asked = charge.Usage;
        switch (outcome)
        {
            case Outcome.Done:
                return new(item, ItemStatus.Accepted, asked.Usage.Id);
            case Outcome.Replayed:
                return new(item, ItemStatus.Replayed, asked.Usage.Id);
            case Outcome.Refused { Reason: Refusal.IdReused, Limit: var field }:
                var stands = await ledger.Read.AttemptAsync(asked.Usage.Labels.Org, asked.Usage.Id, cancellationToken);
                if (stands?.Usage is { } row && IsSame(item, Said(asked, row, caller), row)) return new(item, ItemStatus.Replayed, asked.Usage.Id);
                return new(item, ItemStatus.Conflict, asked.Usage.Id,
                    new(ApiError.IdReused,
                        $"This id of this source was recorded before with another content of the field '{field}'. The record was not changed."));
            case Outcome.Proposed { Proposal: var proposal }:
                return new(item, ItemStatus.Refused, null,
                    new(ApiError.ApprovalRequired,
                        $"It is recorded as the proposal {proposal.Id} until {proposal.ExpiresAt}. Another person must approve it."));
            case Outcome.Refused refused:
                return new(item, ItemStatus.Refused, null, new(refused.Reason.Error, refused.LimitDetail ?? facts.Detail(charge, refused)));
            default:
                throw new UnreachableException($"No answer for {outcome}.");
        }
    }

    /// <summary>The item as it was recorded before keys were recorded with what they hand in: sending it again is still a replay.</summary>
    private static PricedUsage Said(PricedUsage asked, UsageRow row, Caller caller) =>
        caller.Key is null || row.Usage.Labels.Key is not null ? asked : asked with { Usage = asked.Usage with { Labels = asked.Usage.Labels.OfKey(null) } };

    /// <summary>
    /// Whether the content is what stands, though its price has changed since: a list that was imported later prices a replay anew,
    /// and the ledger, which compares amounts, calls that another content. What was said is the same, so it is the same.
    /// </summary>
    private static bool IsSame(UsageItem item, PricedUsage asked, UsageRow row)
    {
        // Labels and end users beyond an org's limits were recorded as 'other'.
        var said = row.Usage.Labels.Covers(asked.Usage.Labels) && UsageLabels.Covers(row.Usage.EndUser, asked.Usage.EndUser)
            ? asked.Usage with { Labels = row.Usage.Labels, EndUser = row.Usage.EndUser }
            : asked.Usage;
        if ((row.Usage with { Flags = row.Usage.Flags & ~OfPrices }) != (said with { Flags = said.Flags & ~OfPrices })) return false;
        var wasStated = row.Price == 0 && (row.Charge != Amount.Zero || row.ProviderCost != Amount.Zero);
        return item.IsStated
            ? (item.Charge is null || item.Charge == row.Charge) && (item.ProviderCost is null || item.ProviderCost == row.ProviderCost)
            : !wasStated;
    }
}
