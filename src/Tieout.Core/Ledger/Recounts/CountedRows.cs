using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>What of a usage row is counted.</summary>
/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="EffectiveAt">The time it counts in.</param>
public readonly record struct CountedUsage(
    long Seq, int Labels, int Status, long InputTokens, long CacheReadTokens, long CacheWriteTokens, long OutputTokens, long ReasoningTokens,
    Amount ProviderCost, Amount Charge, Instant OccurredAt, Instant EffectiveAt, Instant RecordedAt)
{
    public static CountedUsage Of(UsageRow row)
    {
        var (usage, counts) = (row.Usage, row.Usage.Counts);
        return new(
            row.Seq, row.Labels, usage.StatusCode, counts.InputTokens, counts.CacheReadTokens, counts.CacheWriteTokens, counts.OutputTokens,
            counts.ReasoningTokens, row.ProviderCost, row.Charge, usage.OccurredAt, row.EffectiveAt, row.RecordedAt);
    }

    /// <inheritdoc cref="UsageRecord.Failed"/>
    public bool Failed => UsageRecord.IsFailure(Status);
}

/// <summary>What of a posting is counted.</summary>
/// <param name="Labels">Of the usage that it charges or corrects; 0: it names none.</param>
/// <param name="EffectiveAt">The time it counts in.</param>
public readonly record struct CountedPosting(
    long Seq, PostingKind Kind, int Debit, int Credit, Amount Amount, int Labels, Instant EffectiveAt, Instant RecordedAt, bool IsPostingRepair)
{
    /// <param name="labels">Of its usage; 0: it names none.</param>
    public static CountedPosting Of(in Posting posting, int labels) => new(
        posting.Seq, posting.Kind, posting.Debit, posting.Credit, posting.Amount, labels, posting.EffectiveAt, posting.RecordedAt, posting.IsPostingRepair);
}
