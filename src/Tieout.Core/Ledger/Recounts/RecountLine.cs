using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>How long a stretch of time a line sums. The numbers are stored and never change.</summary>
public enum RecountSpan
{
    /// <summary>An hour of UTC.</summary>
    Hour = 0,

    /// <summary>A day in the org's zone.</summary>
    Day = 1,
}

/// <summary>Which line: whose, of what stretch of time, and under which labels.</summary>
/// <param name="Org">Number of the org's first account.</param>
/// <param name="Start">When the hour or day begins.</param>
/// <param name="Labels">0: of charges for no usage.</param>
public readonly record struct RecountKey(int Org, RecountSpan Span, Instant Start, int Labels);

/// <param name="Slot">When its slot begins; of a sum that is not told apart by time, where the range begins.</param>
public sealed record LabelledLine(Instant Slot, UsageLabels Labels, RecountLine Sums);

/// <summary>What an org's rows of one stretch of time and one set of labels come to: usage rows and postings counted apart, each by the time it counts
/// in.</summary>
public sealed class RecountLine(RecountKey key) : UsageSums
{
    public RecountKey Key { get; } = key;

    /// <summary>What the usage rows say they cost, without what was corrected since.</summary>
    public Amount UsageCharge { get; set; }

    /// <summary>When the newest of the usage rows was recorded, in microseconds; 0: there is none.</summary>
    public long LastUsageAt { get; set; }

    /// <summary>Postings of the org's revenue account: charges and what corrects them.</summary>
    public long Postings { get; set; }

    /// <summary>What those postings moved: Σ charges and re-entries − Σ reversals.</summary>
    public Amount Charge { get; set; }

    /// <summary>Part of <see cref="Charge"/> that reversals and re-entries made.</summary>
    public Amount Corrections { get; set; }

    /// <summary>Part of <see cref="Corrections"/> that says that usage costs something else than its row says.</summary>
    public Amount UsageCorrections { get; set; }

    /// <summary>Part of <see cref="Charge"/> that no usage record and no correction of usage says: postings that repair other postings, and defects.</summary>
    public Amount ChargeBesideUsage => Charge - UsageCharge - UsageCorrections;

    /// <summary>Number of the first of the postings; 0: there is none. So for the last.</summary>
    public long FirstPosting { get; set; }

    /// <inheritdoc cref="FirstPosting"/>
    public long LastPosting { get; set; }

    /// <summary>When the newest of the postings was recorded, in microseconds; 0: there is none.</summary>
    public long LastPostingAt { get; set; }

    public void Count(in CountedUsage usage)
    {
        Count(usage.Facts);
        UsageCharge += usage.Charge;
        LastUsageAt = Math.Max(LastUsageAt, usage.RecordedAt.UnixMicros);
    }

    public void Count(in CountedPosting posting)
    {
        var change = posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
        Postings++;
        Charge += change;
        if (posting.Kind != PostingKind.Charge)
        {
            Corrections += change;
            if (!posting.IsPostingRepair) UsageCorrections += change;
        }

        FirstPosting = FirstPosting == 0 ? posting.Seq : Math.Min(FirstPosting, posting.Seq);
        LastPosting = Math.Max(LastPosting, posting.Seq);
        LastPostingAt = Math.Max(LastPostingAt, posting.RecordedAt.UnixMicros);
    }

    /// <summary>A row of a list: usage with its charge, or what corrected it. Neither numbers nor times of postings are counted.</summary>
    public void Count(in UsageEntry entry)
    {
        Postings++;
        Charge += entry.Charge;
        if (entry.Correction is null) Count(CountedUsage.Of(entry.Usage));
        else (Corrections, UsageCorrections) = (Corrections + entry.Charge, UsageCorrections + entry.Charge);
    }

    /// <summary>What postings moved beside usage, so that rows and this together are what was charged.</summary>
    public void AddBesideUsage(RecountLine line)
    {
        Charge += line.ChargeBesideUsage;
        Corrections += line.Corrections - line.UsageCorrections;
    }

    /// <summary>Adds another line of the same org.</summary>
    public void Add(RecountLine other)
    {
        AddUsage(other);
        UsageCharge += other.UsageCharge;
        LastUsageAt = Math.Max(LastUsageAt, other.LastUsageAt);
        Postings += other.Postings;
        Charge += other.Charge;
        Corrections += other.Corrections;
        UsageCorrections += other.UsageCorrections;
        FirstPosting = FirstPosting == 0 || other.FirstPosting == 0 ? FirstPosting + other.FirstPosting : Math.Min(FirstPosting, other.FirstPosting);
        LastPosting = Math.Max(LastPosting, other.LastPosting);
        LastPostingAt = Math.Max(LastPostingAt, other.LastPostingAt);
    }

    /// <summary>What a cell of the same hour and labels has to say.</summary>
    public CellChange AsCell()
    {
        var cell = new CellChange(new(Key.Start.UnixMicros / Instant.MicrosPerHour, Key.Labels)) { Charge = Charge };
        cell.AddUsage(this);
        return cell;
    }
}
