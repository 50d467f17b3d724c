using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Corrections: a posting is never edited but taken back whole and, if something should stand, entered anew (L7).</summary>
internal static class CorrectionRules
{
    /// <summary>The record says what it costs, so that is what is posted; it is spent already, with or without headroom.</summary>
    public static Outcome Charge(Draft draft, Command.ChargeRecorded command)
    {
        var content = Details.ChargeRecorded(command);
        if (MoneyRules.Known(draft, command.Org, command.Id, content) is { } known) return known;
        if (draft.Recorded(command.Usage) is null && draft.ValidatePresence(usage: command.Usage) is { } gone) return gone;
        if (!Names.IsValid(command.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        if (draft.Recorded(command.Usage) is not { } row || !string.Equals(row.Usage.Labels.Org, command.Org, StringComparison.Ordinal))
        {
            return Refuse(Refusal.PostingNotFound);
        }

        if (!Fits(draft.Account(org, AccountKind.Revenue), row.Charge)) return Refuse(Refusal.SumTooLarge);

        // After this point the charge must succeed.
        var effectiveAt = ChargeRules.EffectiveAt(draft, org, row.EffectiveAt);
        var usage = row.Usage;
        if (Headroom.Validate(draft, org, usage.Labels, usage.EndUser, row.Charge, effectiveAt) is { } lacking)
        {
            draft.AddFinding(FindingCode.Overrun, org.Org.Id, usage.Id, Details.Overrun(row, lacking));
        }

        var posting = draft.Post(
            org, PostingKind.Charge, AccountKind.Customer, AccountKind.Revenue, row.Charge, effectiveAt, row.Seq, command.Id, reason: command.Reason);
        ChargeRules.MoveWindows(draft, usage.Labels, usage.EndUser, row.Charge, effectiveAt);
        draft.Cell(effectiveAt, row.Labels).Count(row);
        draft.Add(command.Org, command.Id, content, posting);
        return new Outcome.Done(posting, FiguresAfter.Of(draft, org, usage.Labels, usage.EndUser, row.Charge));
    }

    public static Outcome Correct(Draft draft, Command.Correct command)
    {
        var content = Details.Correct(command);
        if (MoneyRules.Known(draft, command.Org, command.Id, content) is { } known) return known;
        if (draft.Posting(command.Posting) is null && draft.ValidatePresence(command.Posting) is { } gone) return gone;
        if (!Names.IsValid(command.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (command.NewAmount is { } asked && ValidateAmount(asked, zeroIsFine: true) is { } refusal) return Refuse(refusal);
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        if (draft.Posting(command.Posting) is not { } before || !string.Equals(before.Posting.Org, command.Org, StringComparison.Ordinal))
        {
            return Refuse(Refusal.PostingNotFound);
        }

        var posting = before.Posting;
        if (posting.Kind is not (PostingKind.Charge or PostingKind.ReEntry or PostingKind.TopUp)) return Refuse(Refusal.PostingNotCorrectable);
        if (before.Reversed) return Refuse(Refusal.PostingReversed);
        var newAmount = command.NewAmount ?? Amount.Zero;
        // By its accounts, not by its kind: a re-entry may stand for a charge or for a top-up.
        var (debit, credit) = (org.KindOf(posting.Debit), org.KindOf(posting.Credit));
        if (!Fits(draft.Account(org, credit), posting.Amount + newAmount) || !Fits(draft.Account(org, debit), posting.Amount + newAmount))
        {
            return Refuse(Refusal.SumTooLarge);
        }

        if (credit == AccountKind.Customer
            && draft.Account(org, AccountKind.Customer).Available is { } available && available < posting.Amount - newAmount)
        {
            return Refuse(Refusal.InsufficientBalance, "balance", Amount.Largest(available, Amount.Zero));
        }

        // After this point the correction must succeed.
        var effectiveAt = ChargeRules.EffectiveAt(draft, org, posting.EffectiveAt);
        if (before.Usage is { } usage)
        {
            var more = newAmount - posting.Amount;
            if (more > Amount.Zero && Headroom.Validate(draft, org, usage.Usage.Labels, usage.Usage.EndUser, more, effectiveAt) is { } lacking)
            {
                draft.AddFinding(FindingCode.Overrun, org.Org.Id, usage.Usage.Id, Details.Overrun(usage with { Charge = more }, lacking));
            }

            ChargeRules.MoveWindows(draft, usage.Usage.Labels, usage.Usage.EndUser, more, effectiveAt);
            draft.Cell(effectiveAt, usage.Labels).Charge += more;
        }

        // A posting of usage that is not there counts in no window, and neither does what takes it back.
        var usageSeq = before.Usage?.Seq ?? 0;
        var reversal = draft.Post(org, PostingKind.Reversal, credit, debit, posting.Amount, effectiveAt, usageSeq, command.Id, posting.Seq, command.Reason,
            isPostingRepair: command.IsPostingRepair);
        if (command.NewAmount is not null)
        {
            draft.Post(org, PostingKind.ReEntry, debit, credit, newAmount, effectiveAt, usageSeq, command.Id, posting.Seq, command.Reason,
                isPostingRepair: command.IsPostingRepair);
        }

        draft.Add(command.Org, command.Id, content, reversal);
        return new Outcome.Done(reversal, FiguresAfter.Of(draft, org, labels: null, endUser: null));
    }

    public static Outcome Recharge(Draft draft, Command.Recharge command)
    {
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        foreach (var charge in command.Charges)
        {
            if (charge.Usage.Usage.Labels.Org != command.Org || !charge.Fact || charge.BeyondMax is not null || charge.Lineage is not null)
            {
                throw new ArgumentException("A new charge must be a fact, of the same org as the correction.", nameof(command));
            }

            if (ChargeRules.OfKnownId(draft, charge) is { } stands)
            {
                if (stands is Outcome.Refused) return stands;
            }
            else if (ChargeRules.ValidateCharge(draft, charge) is { } flaw)
            {
                return Refuse(flaw);
            }
        }

        foreach (var reversal in command.Reversals)
        {
            if (reversal.Org != command.Org || reversal.NewAmount is not null)
            {
                throw new ArgumentException("A reversal must take back a whole posting, of the same org as the correction.", nameof(command));
            }

            if (ValidateReversal(draft, org, reversal) is { } refused) return refused;
        }

        // After this point all of it must succeed.
        var posting = 0L;
        foreach (var part in command.Parts)
        {
            var outcome = part is Command.Correct reversal ? Correct(draft, reversal) : ChargeRules.Charge(draft, (Command.Charge)part);
            Invariant.Holds(outcome is not Outcome.Refused { Reason: not Refusal.PostingReversed }, "B3");
            if (outcome is Outcome.Done done) posting = done.Seq;
        }

        var figures = FiguresAfter.Of(draft, org, labels: null, endUser: null);
        return posting == 0 ? new Outcome.Replayed(0, figures) : new Outcome.Done(posting, figures);
    }

    /// <summary>Why a charge cannot be taken back; null: it can, or it is already.</summary>
    private static Outcome.Refused? ValidateReversal(Draft draft, OrgState org, Command.Correct reversal)
    {
        if (MoneyRules.Known(draft, reversal.Org, reversal.Id, Details.Correct(reversal)) is { } known) return known as Outcome.Refused;
        if (draft.Posting(reversal.Posting) is null && draft.ValidatePresence(reversal.Posting) is { } gone) return gone;
        if (!Names.IsValid(reversal.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (draft.Posting(reversal.Posting) is not { } before || !string.Equals(before.Posting.Org, reversal.Org, StringComparison.Ordinal))
        {
            return Refuse(Refusal.PostingNotFound);
        }

        if (before.Posting.Kind is not (PostingKind.Charge or PostingKind.ReEntry) || org.KindOf(before.Posting.Credit) == AccountKind.Customer)
        {
            return Refuse(Refusal.PostingNotCorrectable);
        }

        return Fits(draft.Account(org, AccountKind.Customer), before.Posting.Amount) && Fits(draft.Account(org, AccountKind.Revenue), before.Posting.Amount)
            ? null : Refuse(Refusal.SumTooLarge);
    }
}
