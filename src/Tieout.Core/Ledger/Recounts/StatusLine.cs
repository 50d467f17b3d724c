using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Recounts;

/// <param name="Of">The stretch of time and the labels.</param>
/// <param name="Absent">The ids that its usage rows lack: what a join contract asks for is counted, whichever contract is asked.</param>
public readonly record struct StatusKey(RecountKey Of, UsageTraits Traits, AbsentIds Absent);

/// <summary>How many usage rows of one stretch of time and one set of labels have the same traits and lack the same ids, and how postings corrected such
/// rows; each by the time it counts in.</summary>
public sealed class StatusLine(StatusKey key)
{
    public StatusKey Key { get; } = key;

    public long Attempts { get; set; }

    /// <summary>When the newest of them occurred, in microseconds.</summary>
    public long LastAt { get; set; } = long.MinValue;

    /// <summary>Rows that say that they were charged something.</summary>
    public long Billable { get; set; }

    /// <summary>What the rows say they cost, without what was corrected since.</summary>
    public Amount Charge { get; set; }

    public Amount ProviderCost { get; set; }

    /// <summary>Postings that correct the charge of such usage.</summary>
    public long CorrectionCount { get; set; }

    /// <summary>What those postings moved: Σ re-entries − Σ reversals.</summary>
    public Amount Corrections { get; set; }

    public void Count(in CountedUsage usage)
    {
        Attempts++;
        ProviderCost += usage.Facts.ProviderCost;
        if (usage.Charge != Amount.Zero) Billable++;
        Charge += usage.Charge;
        LastAt = Math.Max(LastAt, usage.OccurredAt.UnixMicros);
    }

    /// <summary>A posting that corrects usage.</summary>
    public void Count(in CountedPosting posting)
    {
        CorrectionCount++;
        Corrections += posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
    }

    /// <summary>Adds another line of the same org.</summary>
    public void Add(StatusLine other)
    {
        Attempts += other.Attempts;
        Billable += other.Billable;
        Charge += other.Charge;
        ProviderCost += other.ProviderCost;
        CorrectionCount += other.CorrectionCount;
        Corrections += other.Corrections;
        LastAt = Math.Max(LastAt, other.LastAt);
    }
}
