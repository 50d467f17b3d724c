using System.Diagnostics;
using Tieout.Core.Ledger;

namespace Tieout.Server.Errors;

/// <summary>What a refusal of the ledger is called over HTTP.</summary>
public static class RefusalErrors
{
    extension(Refusal refusal)
    {
        public ApiError Error => refusal switch
        {
            Refusal.IdReused => ApiError.IdReused,
            Refusal.NameInvalid => ApiError.NameInvalid,
            Refusal.AmountNotPositive => ApiError.AmountNotPositive,
            Refusal.AmountTooLarge => ApiError.AmountTooLarge,
            Refusal.OrgNotFound => ApiError.OrgNotFound,
            Refusal.BudgetInvalid => ApiError.BudgetInvalid,
            Refusal.PeriodNotOver => ApiError.PeriodNotOver,
            Refusal.AlreadyExpired => ApiError.AlreadyExpired,
            Refusal.OccurredInFuture => ApiError.OccurredInFuture,
            Refusal.PostingNotFound => ApiError.PostingNotFound,
            Refusal.PostingNotCorrectable => ApiError.PostingNotCorrectable,
            Refusal.PostingReversed => ApiError.PostingReversed,
            Refusal.GrantNotFound => ApiError.GrantNotFound,
            Refusal.GrantNotExpired => ApiError.GrantNotExpired,
            Refusal.HoldNotFound => ApiError.HoldNotFound,
            Refusal.HoldEnded => ApiError.HoldEnded,
            Refusal.HoldNotExpired => ApiError.HoldNotExpired,
            Refusal.ScopeChanged => ApiError.ScopeChanged,
            Refusal.ObjectNotFound => ApiError.ObjectNotFound,
            Refusal.EnvelopeDiffers => ApiError.IdentityRebind,
            Refusal.LineageMoved => ApiError.LineageMoved,
            Refusal.AdjustmentsFrozen => ApiError.AdjustmentsFrozen,
            Refusal.ReasonNeeded => ApiError.ReasonNeeded,
            Refusal.ProposalNotFound => ApiError.ProposalNotFound,
            Refusal.ProposalDiffers => ApiError.ProposalDiffers,
            Refusal.ProposalClosed => ApiError.ProposalClosed,
            Refusal.ProposalOwn => ApiError.ProposalOwn,
            Refusal.ProposalExpired => ApiError.ProposalExpired,
            Refusal.InsufficientBalance => ApiError.InsufficientBalance,
            Refusal.BudgetExhausted => ApiError.BudgetExhausted,
            Refusal.CommandQuarantined => ApiError.CommandQuarantined,
            _ => throw new UnreachableException($"No error for {refusal}."),
        };
    }
}
