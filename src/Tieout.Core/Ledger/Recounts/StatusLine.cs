using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Recounts;

/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="Absent">The ids that its usage rows lack: what a join contract asks for is counted, whichever contract is asked.</param>
public readonly record struct StatusKey(RecountKey Of, int Status, AbsentIds Absent);

/// <summary>How many usage rows of one stretch of time and one set of labels ended with one status and lack the same ids.</summary>
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

    public void Count(in CountedUsage usage)
    {
        Attempts++;
        if (usage.Charge != Amount.Zero) Billable++;
        Charge += usage.Charge;
        LastAt = Math.Max(LastAt, usage.OccurredAt.UnixMicros);
    }

    /// <summary>Adds another line of the same org.</summary>
    public void Add(StatusLine other)
    {
        Attempts += other.Attempts;
        Billable += other.Billable;
        Charge += other.Charge;
        LastAt = Math.Max(LastAt, other.LastAt);
    }
}
