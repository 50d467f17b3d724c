using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>What became of a command. Exactly one of the cases below.</summary>
public abstract record Outcome
{
    private Outcome() { }

    /// <summary>It stands, as of the commit it was part of.</summary>
    /// <param name="Seq">The posting, hold or setting it made; 0: none.</param>
    public sealed record Done(long Seq, Figures Figures) : Outcome;

    /// <summary>It stood already. Nothing was done; the figures are those of now.</summary>
    public sealed record Replayed(long Seq, Figures Figures) : Outcome;

    /// <summary>A second person must approve it: it is recorded as a proposal, and nothing else was done.</summary>
    /// <param name="IsNew">False: the same proposal was recorded before, whatever became of it.</param>
    public sealed record Proposed(Proposal Proposal, bool IsNew) : Outcome;

    /// <summary>It was refused and changed nothing (L6). If it bears an administrative action, the record of the refusal is all that is appended
    /// (U1).</summary>
    /// <param name="Limit">Which account or budget refused it, where one did; which field differs, in a conflict; or the id of its record in
    /// quarantine.</param>
    /// <param name="Left">What that still has.</param>
    public sealed record Refused(Refusal Reason, string? Limit = null, Amount? Left = null) : Outcome;
}

/// <summary>How the org and scope of a command stand after it, read from the ledger's own state (Q1).</summary>
/// <param name="Posted">The account's balance.</param>
/// <param name="Held">Σ its open holds.</param>
/// <param name="Available">What may still be held; null: no floor.</param>
/// <param name="SpentToday">What the org was charged today, in its own time zone.</param>
/// <param name="BudgetLeft">The smallest headroom of the budgets in scope; null: no budget has a limit.</param>
/// <param name="Charge">What this command's attempt was charged.</param>
/// <param name="RecordedAt">When the ledger decided.</param>
public sealed record Figures(
    Amount Posted, Amount Held, Amount? Available, Amount SpentToday, Amount? BudgetLeft, Amount Charge, Instant RecordedAt)
{
    /// <summary>Of a command that moves no money.</summary>
    public static Figures None { get; } = new(default, default, null, default, null, default, default);
}

/// <summary>Why a command was refused, in the order in which every rule tries them: the first that applies is reported.</summary>
/// <remarks>A command that carries others is decided by its own rule first, then part by part.</remarks>
public enum Refusal
{
    /// <summary>Money of the org must not be moved by hand now. Not for a command that is recorded: its sender gets the answer of a replay.</summary>
    AdjustmentsFrozen = 1,
    ProposalNotFound,

    /// <summary>The proposal says something else than what is approved.</summary>
    ProposalDiffers,

    /// <summary>The proposal was approved or rejected before.</summary>
    ProposalClosed,

    /// <summary>Nobody approves their own proposal.</summary>
    ProposalOwn,
    ProposalExpired,

    /// <summary>There is no hold to end. Without one there is no id that could be used again.</summary>
    HoldNotFound,
    ObjectNotFound,

    /// <summary>The id is recorded with other content (L3). <see cref="Outcome.Refused.Limit"/> names the first field that differs.</summary>
    IdReused,

    /// <summary>The rows of the attempt, posting or window are in an archive: nothing can be decided on them. <see cref="Outcome.Refused.Limit"/> names the
    /// archive. For the window of a new budget it is tried last.</summary>
    RowsArchived,

    /// <summary>A newer record of the name exists than the one that the sender has read (<see cref="Command.AddRecord.Replaces"/>), such as a finding that was
    /// corrected meanwhile.</summary>
    RecordChanged,

    /// <summary>A second person must approve it, and it gives no reason.</summary>
    ReasonNeeded,
    NameInvalid,
    AmountNotPositive,
    AmountTooLarge,

    /// <summary>The record counts more of a unit than one record may (<see cref="Pricing.CountLimits"/>).</summary>
    CountTooLarge,
    OrgNotFound,
    BudgetInvalid,
    PeriodNotOver,
    AlreadyExpired,
    OccurredInFuture,
    PostingNotFound,
    PostingNotCorrectable,
    PostingReversed,
    GrantNotFound,
    GrantNotExpired,
    HoldEnded,
    HoldNotExpired,
    ScopeChanged,

    /// <summary>A sum of an account would be larger than <see cref="Amount.SumMax"/>.</summary>
    SumTooLarge,

    /// <summary>The org has as many settings of the kind as it may have (<see cref="LedgerLimits.SettingsPerKind"/>).</summary>
    TooManySettings,

    /// <summary>The org has as many open holds as it may have (<see cref="LedgerLimits.OpenHoldsPerOrg"/>).</summary>
    TooManyOpenHolds,

    /// <summary>The lineage of the envelope has as many steps as it may have (<see cref="LedgerLimits.LineageSteps"/>).</summary>
    TooManySteps,

    /// <summary>The issuance is known with another text of its envelope (A1).</summary>
    EnvelopeDiffers,

    /// <summary>Another step of the issuance came first: link to that one, and try again.</summary>
    LineageMoved,
    InsufficientBalance,
    BudgetExhausted,

    /// <summary>The ledger could not decide or store it because of a fault of its own: the command is in quarantine, under the id in
    /// <see cref="Outcome.Refused.Limit"/>.</summary>
    CommandQuarantined,
}
