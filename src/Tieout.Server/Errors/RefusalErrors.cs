using System.Diagnostics;
using Tieout.Core.Ledger;

namespace Tieout.Server.Errors;

/// <summary>From the refusals of the ledger to the errors of the API.</summary>
public static class RefusalErrors
{
    extension(Refusal refusal)
    {
        public ApiError Error => refusal switch
        {
            Refusal.IdReused => ApiError.IdReused,
            Refusal.RowsArchived => ApiError.RowsArchived,
            Refusal.RecordChanged => ApiError.FindingNotFound,
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
            Refusal.HoldNotExpired => ApiError.HoldNotExpired,
            Refusal.HoldEnded => ApiError.HoldEnded,
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

            // The server itself submits releases, expiries and settlements, for holds and grants that it has read. No request can bring these.
            Refusal.GrantNotFound or Refusal.GrantNotExpired or Refusal.HoldNotFound or Refusal.ScopeChanged => ApiError.Internal,
            _ => throw new UnreachableException($"No error for {refusal}."),
        };
    }
}

/// <summary>The details of refusals by a limit.</summary>
public static class RefusalDetails
{
    extension(Outcome.Refused refused)
    {
        /// <summary>For a limit of the governor: one sentence with the limit. Null: the refusal is of another kind.</summary>
        public string? LimitDetail => refused.Reason switch
        {
            Refusal.TooManySteps =>
                "The lineage of this envelope has reached its limit of steps (governor.lineage_steps). Start a new operation, or raise the limit.",
            Refusal.TooManySettings =>
                $"The org has {refused.Limit} settings of this kind, which is its limit (governor.settings_per_kind). Change one that exists, or raise the limit.",
            Refusal.TooManyOpenHolds =>
                $"The org has {refused.Limit} open holds, which is its limit (governor.open_holds_per_org). Try again when some have ended.",
            _ => null,
        };
    }
}
