using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>What all usage of a filter comes to.</summary>
/// <param name="Count">Usage records.</param>
/// <param name="Charge">Charges plus corrections.</param>
internal readonly record struct UsageTotals(long Count, Amount Charge, Amount Corrections, Amount ProviderCost)
{
    /// <summary>From the recount where labels, traits and time say which rows; else from each row.</summary>
    public static Task<UsageTotals> ReadAsync(UsageRequest request, ILedgerReader read, CancellationToken cancellationToken) =>
        request.Filter.IsOfLabels ? OfLinesAsync(request, read, cancellationToken)
            : request.Filter.IsOfLines ? OfTraitsAsync(request, read, cancellationToken) : OfRowsAsync(request, read, cancellationToken);

    private static async Task<UsageTotals> OfLinesAsync(UsageRequest request, IRecountReader read, CancellationToken cancellationToken)
    {
        var sum = default(UsageTotals);
        foreach (var line in await read.SumsAsync(new(request.Org, request.Filter.From, request.Filter.To), cancellationToken))
        {
            if (!request.Filter.Matches(line.Labels)) continue;
            var sums = line.Sums;
            sum = new(sum.Count + sums.Attempts, sum.Charge + sums.Charge, sum.Corrections + sums.Corrections, sum.ProviderCost + sums.ProviderCost);
        }

        return sum;
    }

    private static async Task<UsageTotals> OfTraitsAsync(UsageRequest request, IRecountReader read, CancellationToken cancellationToken)
    {
        var sum = default(UsageTotals);
        foreach (var line in await read.StatusesAsync(new(request.Org, request.Filter.From, request.Filter.To), cancellationToken))
        {
            if (!request.Filter.Matches(line.Labels) || !request.Filter.Matches(line.Traits)) continue;
            sum = new(
                sum.Count + line.Attempts, sum.Charge + line.Charge + line.Corrections, sum.Corrections + line.Corrections,
                sum.ProviderCost + line.ProviderCost);
        }

        return sum;
    }

    private static async Task<UsageTotals> OfRowsAsync(UsageRequest request, IUsageReader read, CancellationToken cancellationToken)
    {
        var sum = default(UsageTotals);
        await foreach (var page in UsagePages.AllAsync(request, read, cancellationToken))
        {
            foreach (var entry in page) sum = sum.Plus(entry);
        }

        return sum;
    }

    private UsageTotals Plus(in UsageEntry entry) => entry.Correction is null
        ? this with { Count = Count + 1, Charge = Charge + entry.Charge, ProviderCost = ProviderCost + entry.Usage.ProviderCost }
        : this with { Charge = Charge + entry.Charge, Corrections = Corrections + entry.Charge };
}
