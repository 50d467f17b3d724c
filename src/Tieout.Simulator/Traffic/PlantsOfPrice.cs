namespace Tieout.Simulator.Traffic;

/// <summary>The same costs more, and what only looks like it: scenarios 14, 15, 20, 25 to 27.</summary>
internal static class PlantsOfPrice
{
    public static void ListPrice(TrafficPlot plot)
    {
        plot.DrawOnset();
        var model = plot.Random.Pick(plot.World.Models);
        plot.Reprice(model, model.Prices, model.Prices.Times(plot.Random.Ratio(1.2, 2.5)));
        plot.Because(TrafficFactor.Price, "list_price", TrafficPlot.At(("model", model.Name)));
    }

    public static void DiscountLost(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (where, discount, onset) = (TrafficPlot.At(("org", plot.Draw("org"))), plot.Random.Pick([0.4, 0.5, 0.6, 0.7]), plot.Onset);
        // The discount is what is planted before the onset: after it the org pays the list.
        plot.Changes.Add((TrafficCell cell, int hour, ref CellHour now) =>
        {
            if (TrafficPlot.Matches(where, cell.Labels)) now.Discount = hour < onset ? discount : 1;
        });
        plot.EffectMin = null;
        plot.Accept = expected => Share(expected, plot, where) * (1 / discount - 1) > expected.EffectMin;
        plot.Because(TrafficFactor.Price, "discount_lost", where);

        // The part that the org has of the cost of the hours before, at its discount.
        static double Share(TrafficExpectation expected, TrafficPlot plot, IReadOnlyDictionary<string, string> where) =>
            expected.Cost(plot.Onset - 48, plot.Onset, plot.Changes, where) / expected.Cost(plot.Onset - 48, plot.Onset, plot.Changes);
    }

    /// <summary>A list price and a context at the same time: neither alone explains it.</summary>
    public static void TwoCauses(TrafficPlot plot)
    {
        plot.DrawOnset();
        var model = plot.Random.Pick(plot.World.Models);
        var before = plot.Changes.ToList();
        plot.Reprice(model, model.Prices, model.Prices.Times(plot.Random.Ratio(1.15, 2)));
        var priced = plot.Changes.ToList();
        var (where, times) = (TrafficPlot.At(("feature", plot.Draw("feature"))), plot.Random.Ratio(1.5, 4));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.Input *= times);
        plot.Accept = expected =>
        {
            var (none, price, both) = (expected.Cost(plot.Onset, plot.Until, before), expected.Cost(plot.Onset, plot.Until, priced),
                expected.Cost(plot.Onset, plot.Until, plot.Changes));
            return (price - none) / (both - none) is > 0.35 and < 0.65;
        };
        plot.Because(TrafficFactor.InputTokens, "context", where);
        plot.Because(TrafficFactor.Price, "list_price", TrafficPlot.At(("model", model.Name)));
    }

    public static void Twice(TrafficPlot plot)
    {
        plot.DrawOnset();
        var where = plot.Random.Chance(0.5) ? TrafficPlot.All : TrafficPlot.At(("org", plot.Draw("org")));
        var share = plot.Random.Between(0.4, 1);
        plot.TwiceWithSameId = plot.Random.Chance(0.5);
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.Twice = share);
        (plot.Verdict, plot.Fault) = (TrafficVerdict.Metering, "duplicates");
    }

    public static void PriceBookFix(TrafficPlot plot)
    {
        plot.DrawOnset();
        var model = plot.World.Models.MaxBy(model => plot.World.Cells.Where(cell => cell.Labels.Model == model.Name).Sum(cell => cell.Rate * cell.Input))!;
        if (plot.Random.Chance(0.5))
        {
            plot.Reprice(model, model.Prices with { CacheRead = 0 }, model.Prices);
            (plot.Verdict, plot.Fault) = (TrafficVerdict.Metering, "cached_price");
            // Cached tokens are cheap: what they had not cost is seldom more than a tenth of everything.
            plot.EffectMin = 0.2;
            return;
        }

        plot.Change(TrafficPlot.At(("provider", model.Provider)), (TrafficCell _, int _, ref CellHour now) => now.CountsCachedTwice = true);
        (plot.Verdict, plot.Fault) = (TrafficVerdict.Metering, "cached_twice");
    }

    public static void LateEvents(TrafficPlot plot)
    {
        var hours = 6 + plot.Random.Below(12);
        plot.DrawOnset(after: hours + 12);
        plot.Until = plot.Onset + hours;
        var (where, times) = (TrafficPlot.At(("org", plot.Draw("org"))), plot.Random.Ratio(1.5, 5));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => (now.Volume, now.Late) = (now.Volume * times, (times - 1) / times));
        (plot.Verdict, plot.Fault) = (TrafficVerdict.Metering, "late");
    }
}
