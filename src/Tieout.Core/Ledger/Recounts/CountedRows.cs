using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>What of a usage row is counted.</summary>
/// <param name="EffectiveAt">The time it counts in.</param>
/// <param name="Price">Number of its price; 0: it has none.</param>
/// <param name="More">As <see cref="UsageCounts.More"/>.</param>
public readonly record struct CountedUsage(
    long Seq, UsageTraits Traits, AbsentIds Absent, UsageFacts Facts, Amount Charge, Instant OccurredAt, Instant EffectiveAt, Instant RecordedAt,
    int Price, string? More)
{
    public int Labels => Facts.Labels;

    public UsageCounts Counts =>
        new(Facts.InputTokens, Facts.CacheReadTokens, Facts.CacheWriteTokens, Facts.OutputTokens, Facts.ReasoningTokens, More);

    public static CountedUsage Of(UsageRow row) => new(
        row.Seq, UsageTraits.Of(row), AbsentIdsOf.Row(row), UsageFacts.Of(row), row.Charge, row.Usage.OccurredAt, row.EffectiveAt, row.RecordedAt,
        row.Price, row.Usage.Counts.More);
}

/// <summary>What of a posting is counted.</summary>
/// <param name="Labels">Of the usage that it charges or corrects; 0: it names none.</param>
/// <param name="EffectiveAt">The time it counts in.</param>
/// <param name="Traits">Of the usage that it corrects.</param>
/// <param name="Absent">The ids that this usage lacks.</param>
public readonly record struct CountedPosting(
    long Seq, PostingKind Kind, int Debit, int Credit, Amount Amount, int Labels, Instant EffectiveAt, Instant RecordedAt, bool IsPostingRepair,
    UsageTraits Traits = default, AbsentIds Absent = AbsentIds.None)
{
    /// <inheritdoc cref="UsageEntry.IsCorrection"/>
    public bool CorrectsUsage => Kind is PostingKind.Reversal or PostingKind.ReEntry && Labels > 0 && !IsPostingRepair;

    /// <param name="labels">Of its usage; 0: it names none.</param>
    /// <param name="usage">Its usage; null where it corrects none.</param>
    public static CountedPosting Of(in Posting posting, int labels, UsageRow? usage) => new(
        posting.Seq, posting.Kind, posting.Debit, posting.Credit, posting.Amount, labels, posting.EffectiveAt, posting.RecordedAt, posting.IsPostingRepair,
        usage is null ? default : UsageTraits.Of(usage), usage is null ? AbsentIds.None : AbsentIdsOf.Row(usage));
}
