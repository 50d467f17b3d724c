using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Pricing;

/// <summary>Prices and counts that meet often: few rates, few tiers near the counts, ties of rounding common.</summary>
internal static class Generators
{
    private static readonly decimal[] Prices = [0, 0.01m, 0.0005m, 0.13m, 0.18000000000000002m, 1.25m, 2.5m, 15, 600];

    public static readonly Gen<Rate> AnyRate =
        from start in Gen.Elements(Prices)
        from tiers in (from above in Gen.Elements(0L, 10, 100) from price in Gen.Elements(Prices) select new Tier(above, price)).ListOf()
        select Rate.Tiered(start, tiers.DistinctBy(tier => tier.Above).Take(2));

    /// <summary>Always rates for both directions, as every listed chat model has.</summary>
    public static readonly Gen<RateCard> AnyCard =
        from input in AnyRate
        from output in AnyRate
        from others in (
            from unit in Gen.Elements(UsageUnits.All.Where(
                unit => unit.Family is "tokens" or "tool_calls" or "requests" && unit != UsageUnits.InputTokens && unit != UsageUnits.OutputTokens))
            from rate in AnyRate
            select KeyValuePair.Create(unit, rate)).ListOf()
        select new RateCard(others.DistinctBy(rate => rate.Key).Take(6)
            .Append(KeyValuePair.Create(UsageUnits.InputTokens, input)).Append(KeyValuePair.Create(UsageUnits.OutputTokens, output)));

    public static readonly Gen<ResolvedPrice> AnyPrice =
        from cost in AnyCard
        from charged in Gen.OneOf(Gen.Constant<RateCard?>(null), AnyCard.Select(card => (RateCard?)card))
        from markup in Gen.Elements(0, 1, 1, 1.2m, 0.333m)
        from basis in Gen.Frequency((5, Gen.Constant(CostBasis.Rates)), (1, Gen.Constant(CostBasis.ReportedCost)))
        from day in Gen.Elements<DateOnly?>(null, new DateOnly(2026, 8, 21))
        select new ResolvedPrice("list@1", Asset.Usd, "provider", "model \"é\"", day, cost, charged, markup, basis);

    /// <summary>Sometimes with parts above their whole, and counts that the fast path cannot hold.</summary>
    public static readonly Gen<UsageCounts> AnyCounts =
        from scale in Gen.Frequency((8, Gen.Constant(1L)), (1, Gen.Constant(1_000_003L)), (1, Gen.Constant(5_000_000_007L)))
        from input in Gen.Choose(0, 120)
        from read in Gen.Choose(0, 60)
        from write in Gen.Choose(0, 60)
        from output in Gen.Choose(0, 50)
        from reasoning in Gen.Choose(0, 55)
        select new UsageCounts(input * scale, read * scale, write * scale, output * scale, reasoning * scale);

    /// <summary>Parts within their wholes: what a sane provider reports. Classes are drawn, totals are their sums.</summary>
    public static readonly Gen<UnitCounts> ConsistentCounts =
        from fresh in Gen.Choose(0, 60)
        from classes in (
            from unit in Gen.Elements(UsageUnits.All.Where(unit => unit.Family is "tokens" or "tool_calls"))
            from count in Gen.Choose(0, 40)
            select (unit, count)).ListOf()
        from output in Gen.Choose(0, 40)
        select UnitCounts.Of(
        [
            (UsageUnits.InputTokens, fresh), (UsageUnits.OutputTokens, output),
            .. from one in classes
               from unit in UsageUnits.All
               where unit == one.unit || one.unit.IsPartOf(unit)
               select (unit, (long)one.count),
        ]);
}
