using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>What of a usage row is counted.</summary>
/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="EffectiveAt">The time it counts in.</param>
public readonly record struct CountedUsage(
    long Seq, int Status, AbsentIds Absent, UsageFacts Facts, Amount Charge, Instant OccurredAt, Instant EffectiveAt, Instant RecordedAt)
{
    public int Labels => Facts.Labels;

    public static CountedUsage Of(UsageRow row) => new(
        row.Seq, row.Usage.StatusCode, AbsentIdsOf.Row(row), UsageFacts.Of(row), row.Charge, row.Usage.OccurredAt, row.EffectiveAt, row.RecordedAt);
}

/// <summary>What of a posting is counted.</summary>
/// <param name="Labels">Of the usage that it charges or corrects; 0: it names none.</param>
/// <param name="EffectiveAt">The time it counts in.</param>
public readonly record struct CountedPosting(
    long Seq, PostingKind Kind, int Debit, int Credit, Amount Amount, int Labels, Instant EffectiveAt, Instant RecordedAt, bool IsPostingRepair)
{
    /// <inheritdoc cref="UsageEntry.IsCorrection"/>
    public bool CorrectsUsage => Kind is PostingKind.Reversal or PostingKind.ReEntry && Labels > 0 && !IsPostingRepair;

    /// <param name="labels">Of its usage; 0: it names none.</param>
    public static CountedPosting Of(in Posting posting, int labels) => new(
        posting.Seq, posting.Kind, posting.Debit, posting.Credit, posting.Amount, labels, posting.EffectiveAt, posting.RecordedAt, posting.IsPostingRepair);
}
