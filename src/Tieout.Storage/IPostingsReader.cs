using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Storage;

/// <summary>Postings: rows, and sums over a range of time.</summary>
public interface IPostingsReader
{
    /// <summary>Postings by number, from just after <paramref name="after"/>.</summary>
    IAsyncEnumerable<Posting> PostingsAsync(string org, Instant from, Instant to, long after, CancellationToken cancellationToken);

    /// <summary>The same range summed twice, from independent tables: the postings, and the usage rows (with corrections).</summary>
    Task<RangeTotals> TotalsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken);
}

/// <param name="Corrections">Part of <paramref name="Charge"/> that reversals and re-entries made.</param>
public sealed record ChargeSum(
    string? Project, string? Provider, string? Model, UsageSource Source, long Attempts, Int128 InputTokens, Int128 OutputTokens,
    Amount Charge, Amount Corrections, long FirstPosting, long LastPosting)
{
    /// <summary>Lines put together by what a bill shows. What was used and never posted is on no bill.</summary>
    public static IReadOnlyList<ChargeSum> ByModel(IEnumerable<LabelledLine> lines) =>
    [
        .. lines.Where(line => line.Sums.Postings > 0).GroupBy(line => (line.Labels.Project, line.Labels.Provider, line.Labels.Model, line.Labels.Source))
            .Select(same => same.Select(Of).Aggregate(Add)),
    ];

    private static ChargeSum Of(LabelledLine line) => new(
        line.Labels.Project, line.Labels.Provider, line.Labels.Model, line.Labels.Source, line.Sums.Attempts, line.Sums.InputTokens, line.Sums.OutputTokens,
        line.Sums.Charge, line.Sums.Corrections, line.Sums.FirstPosting, line.Sums.LastPosting);

    private static ChargeSum Add(ChargeSum left, ChargeSum right) => left with
    {
        Attempts = left.Attempts + right.Attempts,
        InputTokens = left.InputTokens + right.InputTokens,
        OutputTokens = left.OutputTokens + right.OutputTokens,
        Charge = left.Charge + right.Charge,
        Corrections = left.Corrections + right.Corrections,
        FirstPosting = Math.Min(left.FirstPosting, right.FirstPosting),
        LastPosting = Math.Max(left.LastPosting, right.LastPosting),
    };
}

public sealed record RangeTotals(Amount Postings, Amount Usage, long PostingCount, long UsageCount, Instant? LastPostingAt, Instant? LastUsageAt)
{
    /// <summary>As lines of an org have it.</summary>
    public static RangeTotals Of(IEnumerable<LabelledLine> lines)
    {
        var sum = new RecountLine(default);
        foreach (var line in lines) sum.Add(line.Sums);
        return new(
            sum.Charge, sum.UsageCharge + sum.UsageCorrections, sum.Postings, sum.Attempts, sum.LastPostingAt == 0 ? null : new(sum.LastPostingAt),
            sum.LastUsageAt == 0 ? null : new(sum.LastUsageAt));
    }
}
