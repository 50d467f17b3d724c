using System.Runtime.InteropServices;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Reconciliation;

/// <summary>What one set of labels comes to, in a day or in the whole range.</summary>
/// <param name="Day">Null: the comparison is not by day.</param>
public sealed record DayTally(DateOnly? Day, UsageLabels Labels, Tally Tally)
{
    /// <summary>Totals and counts alone, without the parts that explain a difference. Null: the line has nothing of the figure.</summary>
    /// <param name="zone">In which days are cut; null: the comparison is not by day.</param>
    public static DayTally? Of(LabelledLine line, TallyFigure figure, TimeZoneInfo? zone)
    {
        // A charge for no usage has no labels to be compared by: it is a finding of its own.
        var sums = line.Sums;
        if (sums.Key.Labels == 0 || (figure == TallyFigure.Charge ? sums.Postings : sums.Attempts) == 0) return null;
        var tally = new Tally
        {
            Attempts = sums.Attempts,
            Failures = sums.Failures,
            Total = figure == TallyFigure.Charge ? sums.Charge : sums.ProviderCost,
            Corrections = figure == TallyFigure.Charge ? sums.Corrections : Amount.Zero,
            InputTokens = sums.InputTokens,
            CacheReadTokens = sums.CacheReadTokens,
            CacheWriteTokens = sums.CacheWriteTokens,
            OutputTokens = sums.OutputTokens,
        };
        return new(zone is null ? null : LocalTime.DayOf(line.Slot, zone), line.Labels, tally);
    }
}

/// <summary>Sums usage row by row, by labels and day, with the parts that explain a difference.</summary>
/// <param name="zone">In which days are cut; null: the comparison is not by day.</param>
public sealed class TallySums(TallyTerms terms, TimeZoneInfo? zone)
{
    private readonly Dictionary<(DateOnly? Day, UsageLabels Labels), Tally> _sums = [];

    public IEnumerable<DayTally> Tallies => _sums.Select(sum => new DayTally(sum.Key.Day, sum.Key.Labels, sum.Value));

    public void Add(in UsageEntry entry)
    {
        // A correction changes what is charged, and nothing of what a provider takes.
        if (entry.Correction is not null && terms.Figure == TallyFigure.ProviderCost) return;
        At(entry.EffectiveAt, entry.Usage.Usage.Labels) += terms.Of(entry);
    }

    /// <summary>What postings moved beside usage, so that the sum is what was charged.</summary>
    public void AddBesideUsage(LabelledLine line)
    {
        var (sums, isCharge) = (line.Sums, terms.Figure == TallyFigure.Charge);
        if (!isCharge || sums.Key.Labels == 0 || (sums.ChargeBesideUsage == Amount.Zero && sums.Corrections == sums.UsageCorrections)) return;
        var beside = sums.ChargeBesideUsage;
        At(line.Slot, line.Labels) += new Tally
        {
            Total = beside,
            Corrections = sums.Corrections - sums.UsageCorrections,
            RoundedEach = beside,
            CutEach = beside,
        };
    }

    private ref Tally At(Instant at, UsageLabels labels) =>
        ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, (zone is null ? null : LocalTime.DayOf(at, zone), labels), out _);
}

/// <summary>How usage is summed for a comparison.</summary>
/// <param name="WrittenAt">When the other book was last written. Rows recorded after it are counted apart. Null: not known.</param>
/// <param name="StepNanos">One in the last decimal of the other book, in nano-units: how charges rounded or cut one by one would have summed. 1: not at
/// all.</param>
public sealed record TallyTerms(TallyFigure Figure, Instant? WrittenAt = null, long StepNanos = 1)
{
    // A charge that counts in another time than it occurred in, by more than an answer may take, came late or its period was closed.
    private static readonly TimeSpan AnswerMax = TimeSpan.FromHours(1);

    private const UsageFlags Incomplete = UsageFlags.TotalMismatch | UsageFlags.HiddenSubCalls | UsageFlags.ReportedCostDiffers;

    /// <summary>The figures of one usage record, or of what corrected it.</summary>
    public Tally Of(in UsageEntry entry)
    {
        var (row, usage, isCharge) = (entry.Usage, entry.Usage.Usage, entry.Correction is null);
        var total = Figure == TallyFigure.Charge ? entry.Charge : isCharge ? row.ProviderCost : Amount.Zero;
        var tally = new Tally
        {
            Total = total,
            Corrections = isCharge ? Amount.Zero : total,
            Retried = usage.AttemptNo > 1 ? total : Amount.Zero,
            Late = row.Flags.HasFlag(ChargeFlags.Late) || entry.EffectiveAt - usage.OccurredAt > AnswerMax ? total : Amount.Zero,
            After = WrittenAt is { } written && entry.RecordedAt > written ? total : Amount.Zero,
            Estimated = usage.Basis == UsageBasis.Estimated ? total : Amount.Zero,
            RoundedEach = Stepped(total, StepNanos / 2),
            CutEach = Stepped(total, 0),
        };
        return isCharge ? Counted(tally, row) : tally;
    }

    private static Tally Counted(in Tally tally, UsageRow row)
    {
        var (usage, counts) = (row.Usage, row.Usage.Counts);
        return tally with
        {
            Attempts = 1,
            FirstAttempts = usage.AttemptNo == 1 ? 1 : 0,
            Failures = usage.Failed ? 1 : 0,
            Hidden = (usage.Flags & (UsageFlags.TotalMismatch | UsageFlags.HiddenSubCalls)) != 0 ? 1 : 0,
            Unreported = Unreported(row),
            InputTokens = counts.InputTokens,
            CacheReadTokens = counts.CacheReadTokens,
            CacheWriteTokens = counts.CacheWriteTokens,
            OutputTokens = counts.OutputTokens,
        };
    }

    /// <summary>What the provider said it cost beyond the counts, where the block left something out and named a cost.</summary>
    private static Amount Unreported(UsageRow row) =>
        (row.Usage.Flags & Incomplete) != 0 && UnitCounts.Of(row.Usage.Counts)[UsageUnits.ReportedCost] is > 0 and var nanos
            ? new Amount(nanos) - row.ProviderCost : Amount.Zero;

    /// <summary>Half up, or cut; what a reversal takes away is stepped as the charge that it reverses.</summary>
    private Amount Stepped(Amount total, long upward)
    {
        var steps = (Int128.Abs(total.Nanos) + upward) / StepNanos * StepNanos;
        return new(total.Nanos < 0 ? -steps : steps);
    }
}
