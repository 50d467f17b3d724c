namespace Tieout.Simulator.Traffic;

/// <summary>More of what was there, or something that was not: scenarios 1, 2, 3, 16 to 19.</summary>
internal static class PlantsOfVolume
{
    public static void Growth(TrafficPlot plot)
    {
        plot.DrawOnset();
        var times = plot.Random.Ratio(1.25, 3);
        plot.Change(TrafficPlot.All, (TrafficCell _, int _, ref CellHour now) => (now.Volume, now.Users) = (now.Volume * times, now.Users * times));
        plot.Because(TrafficFactor.Volume, "growth", TrafficPlot.All);
    }

    public static void Bot(TrafficPlot plot)
    {
        plot.DrawOnset();
        var where = TrafficPlot.At(("org", plot.Draw("org")));
        var times = plot.Random.Ratio(1.5, 8);
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => (now.Volume, now.BotShare) = (now.Volume * times, (times - 1) / times));
        plot.Because(TrafficFactor.Volume, "bot", where);
    }

    public static void LeakedKey(TrafficPlot plot)
    {
        // It begins at night, where nobody of the org would.
        var like = plot.Random.Pick(plot.World.Cells);
        do plot.DrawOnset();
        while (plot.Start.AddHours(plot.Onset - like.Behind).Hour is > 5);

        var dear = plot.World.Models.MaxBy(model => model.Prices.Output)!;
        var labels = like.Labels with { Key = $"{like.Labels.Team}-key-x", Provider = dear.Provider, Model = dear.Name };
        var total = plot.World.Cells.Sum(cell => cell.Rate);
        var rate = total * plot.Random.Ratio(0.05, 0.6);
        var added = plot.Appear(like with { Labels = labels, Rate = rate, Weekend = 1, Users = 3, Tool = null, AutoSave = 0, Undo = 0 });
        // A program asks, not the org's users.
        plot.Changes.Add((TrafficCell cell, int _, ref CellHour now) =>
        {
            if (ReferenceEquals(cell, added)) now.BotShare = 1;
        });
        plot.Because(TrafficFactor.Volume, "leaked_key", TrafficPlot.At(("key", labels.Key)));
    }

    public static void ModelMoved(TrafficPlot plot)
    {
        plot.DrawOnset();
        var feature = plot.Draw("feature");
        var where = TrafficPlot.At(("feature", feature));
        var to = plot.World.Models.MaxBy(model => model.Prices.Output)!;
        var cells = plot.World.Cells.Where(cell => cell.Labels.Feature == feature && cell.Labels.Model != to.Name).ToList();
        plot.Move(cells, to);
        var output = plot.Random.Between(0.8, 1.3);
        var moved = TrafficPlot.At(("feature", feature), ("model", to.Name));
        plot.Change(moved, (TrafficCell _, int _, ref CellHour now) => now.Output *= output);
        plot.Because(TrafficFactor.Mix, "model_moved", where, moved);
    }

    public static void Fallback(TrafficPlot plot)
    {
        var hours = 5 + plot.Random.Below(10);
        plot.DrawOnset(after: hours + 8);
        plot.Until = plot.Onset + hours;
        var from = plot.Draw("provider");
        var others = plot.World.Models.Where(model => model.Provider != from).ToList();
        if (others.Count == 0)
        {
            plot.Accept = _ => false;
            return;
        }

        var to = others.MaxBy(model => model.Prices.Output)!;
        plot.Move([.. plot.World.Cells.Where(cell => cell.Labels.Provider == from)], to);
        plot.Verdict = TrafficVerdict.Ended;
        plot.Because(TrafficFactor.Mix, "fallback", TrafficPlot.At(("provider", to.Provider)), TrafficPlot.At(("model", to.Name)));
    }

    public static void NewFeature(TrafficPlot plot)
    {
        plot.DrawOnset();
        var model = plot.Random.Pick(plot.World.Models);
        var like = plot.Random.Pick(plot.World.Cells);
        var rate = plot.World.Cells.Sum(cell => cell.Rate) * plot.Random.Ratio(0.1, 1);
        var teams = plot.World.Cells.GroupBy(cell => cell.Labels.Org).Select(org => plot.Random.Pick(org.ToList())).ToList();
        foreach (var team in teams)
        {
            plot.Appear(like with
            {
                Labels = team.Labels with { Feature = "launched", Provider = model.Provider, Model = model.Name },
                Rate = rate * team.Rate / teams.Sum(each => each.Rate),
                Reasoning = model.Reasons ? 1 : 0,
                Users = team.Users,
                Behind = team.Behind,
                Weekend = team.Weekend,
                Discount = team.Discount,
            });
        }

        plot.Because(TrafficFactor.Mix, "new_feature", TrafficPlot.At(("feature", "launched")));
    }

    /// <summary>One feature rises and another falls by as much, so that the total shows nothing.</summary>
    public static void Offset(TrafficPlot plot, TrafficClock clock)
    {
        plot.DrawOnset();
        var (rises, falls) = (plot.Draw("feature"), plot.Draw("feature"));
        var (up, down) = (TrafficPlot.At(("feature", rises)), TrafficPlot.At(("feature", falls)));
        var expected = new TrafficExpectation(plot, clock);
        var (risen, fallen, all) = (Cost(up), Cost(down), Cost(TrafficPlot.All));
        var times = plot.Random.Ratio(2, 4);
        var left = 1 - risen * (times - 1) / fallen;
        plot.Change(up, (TrafficCell _, int _, ref CellHour now) => (now.Volume, now.Users) = (now.Volume * times, now.Users * times));
        plot.Change(down, (TrafficCell _, int _, ref CellHour now) => (now.Volume, now.Users) = (now.Volume * left, now.Users * left));
        plot.EffectMin = null;
        plot.Accept = _ => rises != falls && left is > 0.05 and < 0.8 && risen * (times - 1) > 0.2 * all;
        plot.Because(TrafficFactor.Volume, "offset", up);

        double Cost(IReadOnlyDictionary<string, string> where) => expected.Cost(plot.Onset, plot.Until, plot.Changes, where);
    }
}
