using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>Why a posting was made. The numbers are stored and never change.</summary>
public enum PostingKind
{
    TopUp = 0,
    Grant = 1,
    GrantExpiry = 2,
    Charge = 3,
    Reversal = 4,
    ReEntry = 5,
}

/// <summary>A transfer that stands: <paramref name="Amount"/> moved from the debit account to the credit account. Never updated, never deleted (L7).</summary>
/// <param name="Seq">Its place among all postings, from 1; also its id.</param>
/// <param name="Amount">Zero or more; only a charge may be zero.</param>
/// <param name="UsageSeq">The usage record it charges or corrects; 0: none.</param>
/// <param name="CommandId">The caller's id of a money command; null for charges, which their usage names.</param>
/// <param name="Reverses">The posting it takes back or re-enters; 0: none.</param>
/// <param name="Reason">For corrections: the finding or words that justify it.</param>
/// <param name="EffectiveAt">The time it counts in: that of the usage while its period is open, else the time of recording (I2).</param>
/// <param name="IsPostingRepair">The correction brings a posting to what its usage says, so the usage itself is not corrected. False: the usage costs something
/// else.</param>
public readonly record struct Posting(
    long Seq, PostingKind Kind, string Org, int Debit, int Credit, Amount Amount, long UsageSeq,
    string? CommandId, long Reverses, string? Reason, Instant EffectiveAt, Instant RecordedAt, bool IsPostingRepair = false)
{
    /// <summary>Its two entries; they sum to zero.</summary>
    public (Entry Debit, Entry Credit) Entries => (new(Seq, Debit, -Amount), new(Seq, Credit, Amount));
}

/// <summary>One side of a posting: what it did to the balance of one account.</summary>
public readonly record struct Entry(long Posting, int Account, Amount Change);
