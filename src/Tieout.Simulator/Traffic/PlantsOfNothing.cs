namespace Tieout.Simulator.Traffic;

/// <summary>Nothing to act on, however it looks: scenarios 0, 22 to 24 and 28 to 30.</summary>
internal static class PlantsOfNothing
{
    public static void Quiet(TrafficPlot plot) => Nothing(plot, TrafficVerdict.None);

    /// <summary>The calendar and slow growth are the clock's; only what is right differs.</summary>
    public static void Benign(TrafficPlot plot) => Nothing(plot, TrafficVerdict.Benign, TrafficVerdict.None);

    public static void Job(TrafficPlot plot)
    {
        plot.DrawOnset(after: 4);
        plot.Until = plot.Onset + 1;
        var like = plot.Random.Pick(plot.World.Cells);
        var rate = plot.World.Cells.Sum(cell => cell.Rate) * plot.Random.Ratio(1, 6);
        plot.Appear(like with { Labels = like.Labels with { Key = $"{like.Labels.Team}-backfill" }, Rate = rate, Tool = null, AutoSave = 0, Undo = 0 });
        plot.EffectMin = 0.8;
        plot.Verdict = TrafficVerdict.Blip;
        plot.Because(TrafficFactor.Volume, "job", TrafficPlot.At(("key", $"{like.Labels.Team}-backfill")));
    }

    public static void Giant(TrafficPlot plot)
    {
        plot.DrawOnset(after: 4);
        var cell = plot.Random.Pick(plot.World.Cells);
        plot.Giants.Add((plot.Onset, cell, 900_000));
        Nothing(plot, TrafficVerdict.Benign, TrafficVerdict.Blip, TrafficVerdict.None);
    }

    /// <summary>Less traffic and dearer requests: the cost of each rises, the cost falls.</summary>
    public static void Drop(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (left, times) = (plot.Random.Between(0.25, 0.4), plot.Random.Between(1.3, 1.8));
        plot.Change(TrafficPlot.All, (TrafficCell _, int _, ref CellHour now) =>
        {
            now.Volume *= left;
            now.Users *= left;
            now.Input *= times;
            now.Output *= times;
        });
        Nothing(plot, TrafficVerdict.None);
    }

    /// <summary>A spike with a history of two days: the caller gives the plot no more of them.</summary>
    public static void ColdStart(TrafficPlot plot)
    {
        PlantsOfVolume.Growth(plot);
        plot.Causes.Clear();
        plot.EffectMin = null;
        plot.Verdict = TrafficVerdict.InsufficientBaseline;
    }

    private static void Nothing(TrafficPlot plot, TrafficVerdict verdict, params TrafficVerdict[] alsoRight)
    {
        (plot.Verdict, plot.AlsoRight, plot.EffectMin) = (verdict, alsoRight, null);
    }
}
