using Tieout.Core.Money;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Setting money aside for an attempt, and letting it go unused.</summary>
internal static class HoldRules
{
    public static Outcome Place(Draft draft, Command.PlaceHold command)
    {
        // Idempotency comes first: a replay must not fail because the money has since been spent.
        if (draft.ValidatePresence(command.Id) is { } gone) return gone;
        if (draft.Attempt(command.Id) is { } known)
        {
            if (Conflicts.Of(known.Hold, command) is { } field) return Refuse(Refusal.IdReused, field);
            return new Outcome.Replayed(known.Hold!.Seq, FiguresAfter.Of(draft, draft.Org(command.Labels.Org)!, command.Labels, command.EndUser));
        }

        if (ValidateAmount(command.Amount, zeroIsFine: true) is { } refusal) return Refuse(refusal);
        if (draft.Org(command.Labels.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        if (command.Lifetime <= TimeSpan.Zero) return Refuse(Refusal.AlreadyExpired);
        var account = draft.Account(org, AccountKind.Customer);
        if (!Fits(account, command.Amount)) return Refuse(Refusal.SumTooLarge);
        if (draft.OpenHoldsOf(org.Org.Id) >= draft.Limits.OpenHoldsPerOrg) return Refuse(Refusal.TooManyOpenHolds, Number(draft.Limits.OpenHoldsPerOrg));
        command = Admitted(draft, command);
        if (command.Lineage is { } step && LineageRules.ValidateStep(draft, org.Org.Id, command.OperationId, step) is { } unknown) return Refuse(unknown);
        if (Headroom.Validate(draft, org, command.Labels, command.EndUser, command.Amount, draft.Now) is { } lacking) return lacking;

        // After this point the hold must succeed: account and windows move together (B3).
        var hold = draft.Add(command);
        if (command.Lineage is { } append) draft.Add(org.Org.Id, command.OperationId, append);
        draft.Touch(org, AccountKind.Customer).Held += command.Amount;
        foreach (var budget in draft.Matching(command.Labels, command.EndUser))
        {
            var window = draft.TouchWindow(budget, command.EndUser, draft.Now);
            window.Held += command.Amount;
            Invariant.Holds(
                !budget.Budget.Hard || budget.Budget.Limit is not { } limit || command.Amount == Amount.Zero || window.Posted + window.Held <= limit, "B1");
        }

        Invariant.Holds(
            command.Amount == Amount.Zero || draft.Account(org, AccountKind.Customer).Available is not { } available || available >= Amount.Zero, "L2");
        return new Outcome.Done(hold.Seq, FiguresAfter.Of(draft, org, command.Labels, command.EndUser));
    }

    public static Outcome Release(Draft draft, Command.Release command)
    {
        if (draft.ValidatePresence(command.Id) is { } gone) return gone;
        if (draft.Attempt(command.Id) is not { Hold: { } hold } attempt) return Refuse(Refusal.HoldNotFound);
        var org = draft.Org(hold.Scope.Org)!;
        if (attempt.State == HoldState.Released) return new Outcome.Replayed(hold.Seq, FiguresAfter.Of(draft, org, hold.Scope, hold.EndUser));
        if (attempt.State != HoldState.Open) return Refuse(Refusal.HoldEnded);

        LetGo(draft, org, hold, HoldState.Released);
        return new Outcome.Done(hold.Seq, FiguresAfter.Of(draft, org, hold.Scope, hold.EndUser));
    }

    public static Outcome Expire(Draft draft, Command.ExpireHold command)
    {
        if (draft.ValidatePresence(command.Id) is { } gone) return gone;
        if (draft.Attempt(command.Id) is not { Hold: { } hold } attempt) return Refuse(Refusal.HoldNotFound);
        var org = draft.Org(hold.Scope.Org)!;
        if (attempt.State == HoldState.Expired) return new Outcome.Replayed(hold.Seq, FiguresAfter.Of(draft, org, hold.Scope, hold.EndUser));
        if (attempt.State != HoldState.Open) return Refuse(Refusal.HoldEnded);
        if (draft.Now < hold.ExpiresAt) return Refuse(Refusal.HoldNotExpired);

        LetGo(draft, org, hold, HoldState.Expired);
        draft.AddFinding(FindingCode.OrphanHold, org.Org.Id, hold.Id, Details.OrphanHold(hold));
        return new Outcome.Done(hold.Seq, FiguresAfter.Of(draft, org, hold.Scope, hold.EndUser));
    }

    /// <summary>Takes an open hold off the account and off every window that counts it. It ends once (L5).</summary>
    public static void LetGo(Draft draft, OrgState org, Hold hold, HoldState state)
    {
        draft.Touch(org, AccountKind.Customer).Held -= hold.Amount;
        foreach (var budget in draft.Matching(hold.Scope, hold.EndUser))
        {
            if (budget.CountsHold(hold.Seq)) draft.TouchWindow(budget, hold.EndUser, hold.HeldAt).Held -= hold.Amount;
        }

        draft.End(hold, state);
    }

    private static Command.PlaceHold Admitted(Draft draft, Command.PlaceHold command)
    {
        var labels = LabelRules.Admit(draft, command.Labels);
        var endUser = LabelRules.AdmitEndUser(draft, labels, command.EndUser, draft.Now);
        return ReferenceEquals(labels, command.Labels) && ReferenceEquals(endUser, command.EndUser)
            ? command : command with { Labels = labels, EndUser = endUser };
    }
}
