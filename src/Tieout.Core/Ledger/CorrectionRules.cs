using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Corrections: a posting is never edited but taken back whole and, if something should stand, entered anew (L7).</summary>
internal static class CorrectionRules
{
    public static Outcome Correct(Draft draft, Command.Correct command)
    {
        var content = Details.Correct(command);
        if (MoneyRules.Known(draft, command.Org, command.Id, content) is { } known) return known;
        if (!Names.IsValid(command.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (command.NewAmount is { } asked && Misfit(asked, zeroIsFine: true) is { } misfit) return Refuse(misfit);
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        if (draft.Posting(command.Posting) is not { } before || !string.Equals(before.Posting.Org, command.Org, StringComparison.Ordinal)) return Refuse(Refusal.PostingNotFound);
        var posting = before.Posting;
        if (posting.Kind is not (PostingKind.Charge or PostingKind.ReEntry or PostingKind.TopUp)) return Refuse(Refusal.PostingNotCorrectable);
        if (before.Reversed) return Refuse(Refusal.PostingReversed);
        var newAmount = command.NewAmount ?? Amount.Zero;
        // By its accounts, not by its kind: a re-entry may stand for a charge or for a top-up.
        var (debit, credit) = (org.KindOf(posting.Debit), org.KindOf(posting.Credit));
        if (!Fits(draft.Account(org, credit), posting.Amount + newAmount) || !Fits(draft.Account(org, debit), posting.Amount + newAmount)) return Refuse(Refusal.AmountTooLarge);
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
            if (more > Amount.Zero && Headroom.Lacking(draft, org, usage.Usage.Labels, usage.Usage.EndUser, more, effectiveAt) is { } lacking)
            {
                draft.AddFinding("overrun", "high", org.Org.Id, usage.Usage.Id, Details.Overrun(usage with { Charge = more }, lacking));
            }

            ChargeRules.MoveWindows(draft, usage.Usage.Labels, usage.Usage.EndUser, more, effectiveAt);
            draft.Cell(effectiveAt, usage.Labels).Charge += more;
        }

        var reversal = draft.Post(
            org, PostingKind.Reversal, credit, debit, posting.Amount, effectiveAt, posting.UsageSeq, command.Id, posting.Seq, command.Reason);
        if (command.NewAmount is not null)
        {
            draft.Post(org, PostingKind.ReEntry, debit, credit, newAmount, effectiveAt, posting.UsageSeq, command.Id, posting.Seq, command.Reason);
        }

        draft.Add(command.Org, command.Id, content, reversal);
        return new Outcome.Done(reversal, Figuring.Of(draft, org, labels: null, endUser: null));
    }
}
