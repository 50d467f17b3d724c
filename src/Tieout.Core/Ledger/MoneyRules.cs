using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Money in: top-ups and payments, grants, and the end of grants.</summary>
internal static class MoneyRules
{
    public static Outcome TopUp(Draft draft, Command.TopUp command)
    {
        var content = Details.TopUp(command);
        if (Known(draft, command.Org, command.Id, content) is { } known) return known;
        if (!Names.IsValid(command.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (ValidateAmount(command.Amount, zeroIsFine: false) is { } refusal) return Refuse(refusal);
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        if (!Fits(draft.Account(org, AccountKind.Funding), command.Amount)) return Refuse(Refusal.SumTooLarge);

        // After this point the top-up must succeed.
        var posting = draft.Post(org, PostingKind.TopUp, AccountKind.Funding, AccountKind.Customer, command.Amount, draft.Now, commandId: command.Id);
        draft.Add(command.Org, command.Id, content, posting);
        return new Outcome.Done(posting, FiguresAfter.Of(draft, org, labels: null, endUser: null));
    }

    public static Outcome Grant(Draft draft, Command.Grant command)
    {
        var content = Details.Grant(command);
        if (Known(draft, command.Org, command.Id, content) is { } known) return known;
        if (!Names.IsValid(command.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (ValidateAmount(command.Amount, zeroIsFine: false) is { } refusal) return Refuse(refusal);
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        if (command.ExpiresAt <= draft.Now) return Refuse(Refusal.AlreadyExpired);
        if (!Fits(draft.Account(org, AccountKind.Promotion), command.Amount)) return Refuse(Refusal.SumTooLarge);

        // After this point the grant must succeed.
        var lot = new GrantLot(command.Id, command.Priority, command.ExpiresAt, command.Amount, command.Amount);
        var posting = draft.Post(
            org, PostingKind.Grant, AccountKind.Promotion, AccountKind.Customer, command.Amount, draft.Now, commandId: command.Id, grant: lot);
        draft.Add(command.Org, command.Id, content, posting);
        return new Outcome.Done(posting, FiguresAfter.Of(draft, org, labels: null, endUser: null));
    }

    public static Outcome ExpireGrant(Draft draft, Command.ExpireGrant command)
    {
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        var account = draft.Account(org, AccountKind.Customer);
        var lot = account.Grants.FirstOrDefault(grant => string.Equals(grant.Id, command.GrantId, StringComparison.Ordinal));
        if (lot is null) return Refuse(Refusal.GrantNotFound);
        if (lot.ExpiresAt is not { } expiresAt || draft.Now < expiresAt) return Refuse(Refusal.GrantNotExpired);

        // What open holds count on stays until they end; the next expiry takes it then.
        var take = account.Available is { } available ? Amount.Min(lot.Left, available) : lot.Left;
        if (take <= Amount.Zero) return Refuse(Refusal.InsufficientBalance, "balance", Amount.Zero);
        var posting = draft.Post(org, PostingKind.GrantExpiry, AccountKind.Customer, AccountKind.Promotion, take, draft.Now, commandId: command.GrantId);
        return new Outcome.Done(posting, FiguresAfter.Of(draft, org, labels: null, endUser: null));
    }

    /// <summary>The answer for an id that stands already: a replay if the content is the same, else a conflict; null: the id is new.</summary>
    public static Outcome? Known(Draft draft, string org, string id, string content)
    {
        if (draft.Command(org, id) is not { } known) return null;
        return Conflicts.Of(known.Content, content) is { } field
            ? Refuse(Refusal.IdReused, field)
            : new Outcome.Replayed(known.Posting, FiguresAfter.Of(draft, draft.Org(org)!, labels: null, endUser: null));
    }
}
