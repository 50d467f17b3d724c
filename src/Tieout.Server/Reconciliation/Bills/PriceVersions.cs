using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>What the usage of a row would have cost at the other prices that lists ever had for one of its models.</summary>
/// <remarks>Priced as one sum, so a price whose rate depends on the size of a request is not told this way.</remarks>
internal sealed class PriceVersions(PriceBook book)
{
    public IEnumerable<(string Version, Amount Cost)> Others(LedgerCell cell)
    {
        foreach (var model in cell.Parts.GroupBy(part => (part.Labels.Provider, part.Labels.Model)))
        {
            if (model.Key.Model is not { } name) continue;
            var own = model.Aggregate(default(Tally), (sum, part) => sum + part.Tally);
            var counts = new UsageCounts(Count(own.InputTokens), Count(own.CacheReadTokens), Count(own.CacheWriteTokens), Count(own.OutputTokens), 0, null);
            foreach (var price in Prices(model.Key.Provider, name))
            {
                yield return ($"{price.List} from {price.From?.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) ?? "the start"} for {name}", cell.All.Total - own.Total + price.Price(counts).ProviderCost);
            }
        }
    }

    private static long Count(Int128 sum) => (long)Int128.Min(sum, long.MaxValue);

    private IEnumerable<ResolvedPrice> Prices(string? provider, string model)
    {
        foreach (var list in book.Catalogues)
        {
            if (!list.TryFind(provider, model, out var match) && !list.TryFind(null, model, out match)) continue;
            foreach (var timed in match.Model.Prices)
            {
                var at = timed.From is { } from ? new Instant(LocalTime.StartOf(from, TimeZoneInfo.Utc).UnixMicros) : Instant.UnixEpoch;
                if (match.PriceAt(at, PricePolicy.AtCost) is { } price) yield return price;
            }
        }
    }
}
