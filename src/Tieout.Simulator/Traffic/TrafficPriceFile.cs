using System.Globalization;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Simulator.Traffic;

/// <summary>The price lists of a case as a file that <c>POST /api/v1/prices?format=tieout</c> takes: costs are handed in with the requests, and the list says
/// what each sort of tokens is of them.</summary>
public static class TrafficPriceFile
{
    /// <summary>Nano-dollars for a token to dollars for a million.</summary>
    private const decimal PerMillion = 1_000;

    /// <inheritdoc cref="TrafficItems.Of"/>
    public static byte[] Of(TrafficCase of, TimeSpan later, string prefix)
    {
        var begin = DateOnly.FromDateTime((of.Start + later).UtcDateTime);
        var providers = of.PriceLists.GroupBy(list => list.Provider).Select(provider => new ListedProvider(
            prefix + provider.Key, prefix + provider.Key, null, null, [], [],
            [.. provider.GroupBy(list => list.Model).Select(lists => Model(lists.Key, lists.OrderBy(list => list.Version), later))]));
        var catalogue = new PriceCatalogue(
            $"{prefix}simulated", begin.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), begin, Asset.Usd, [.. providers]);
        return Encoding.UTF8.GetBytes(PriceCatalogueJson.Write(catalogue, "Generated."));
    }

    private static ListedModel Model(string name, IEnumerable<TrafficPriceList> lists, TimeSpan later) =>
        new(name, new MatchClause.EqualTo(name), null, [.. lists.SelectMany(list => Prices(list, later))]);

    /// <summary>A list of prices knows days, and hours of each day: a list that begins within a day holds for its rest, and always from the next.</summary>
    private static IEnumerable<TimedPrice> Prices(TrafficPriceList list, TimeSpan later)
    {
        var (from, rates) = ((list.From + later).UtcDateTime, Rates(list.Prices));
        var (day, time) = (DateOnly.FromDateTime(from), TimeOnly.FromDateTime(from));
        if (list.Version == 0) return [new(null, null, rates)];
        if (time == TimeOnly.MinValue) return [new(day, null, rates)];
        return [new(day, new(time, TimeOnly.MinValue), rates), new(day.AddDays(1), null, rates)];
    }

    private static RateCard Rates(TrafficPrices prices) => new(new Dictionary<UsageUnit, Rate>
    {
        [UsageUnits.InputTokens] = prices.Input / PerMillion,
        [UsageUnits.CacheReadTokens] = prices.CacheRead / PerMillion,
        [UsageUnits.CacheWriteTokens] = prices.CacheWrite / PerMillion,
        [UsageUnits.OutputTokens] = prices.Output / PerMillion,
    });
}
