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
            Refusal.AmountTooLarge or Refusal.SumTooLarge => ApiError.AmountTooLarge,
            Refusal.CountTooLarge => ApiError.CountTooLarge,
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
            Refusal.TooManySteps => ApiError.TooManySteps,
            Refusal.TooManySettings => ApiError.TooManySettings,
            Refusal.TooManyOpenHolds => ApiError.TooManyOpenHolds,
            Refusal.InsufficientBalance => ApiError.InsufficientBalance,
            Refusal.BudgetExhausted => ApiError.BudgetExhausted,
            Refusal.CommandQuarantined => ApiError.CommandQuarantined,
            _ => throw new UnreachableException($"No error for {refusal}."),
        };
    }
}

/// <summary>What a refusal says beyond its code.</summary>
public static class RefusalDetails
{
    extension(Outcome.Refused refused)
    {
        /// <summary>For a limit of the governor: one sentence with the limit. Null: the refusal is of another kind.</summary>
        public string? LimitDetail => refused.Reason switch
        {
            Refusal.TooManySteps => "The lineage of this envelope has as many steps as it may have (governor.lineage_steps). Begin a new operation.",
            Refusal.TooManySettings => $"The org has {refused.Limit} settings of this kind, which is its limit (governor.settings_per_kind). Change one that exists, or raise the limit.",
            Refusal.TooManyOpenHolds => $"The org has {refused.Limit} open holds, which is its limit (governor.open_holds_per_org). Try again when some have ended.",
            _ => null,
        };
    }
}
