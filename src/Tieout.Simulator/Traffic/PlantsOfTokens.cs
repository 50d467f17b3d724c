namespace Tieout.Simulator.Traffic;

/// <summary>Each request costs more, or makes others: scenarios 4 to 13 and 21.</summary>
internal static class PlantsOfTokens
{
    public static void ContextGrowth(TrafficPlot plot)
    {
        // A ramp over a day: the hour it began is found late.
        plot.DrawOnset(after: 26);
        var (where, times, onset) = (TrafficPlot.At(("feature", plot.Draw("feature"))), plot.Random.Ratio(1.8, 6), plot.Onset);
        plot.Change(where, (TrafficCell _, int hour, ref CellHour now) => now.Input *= 1 + (times - 1) * Math.Min(1, (hour - onset + 1) / 24.0));
        plot.OnsetWithin = 10;
        plot.Because(TrafficFactor.InputTokens, "context_growth", where);
    }

    public static void Template(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (where, tokens) = (TrafficPlot.At(("feature", plot.Draw("feature"))), plot.Random.Ratio(600, 6_000));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.Input += tokens);
        plot.Because(TrafficFactor.InputTokens, "template", where);
    }

    public static void LongerAnswers(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (where, times) = (TrafficPlot.At(("model", plot.Draw("model"))), plot.Random.Ratio(1.3, 6));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.Output *= times);
        plot.Because(TrafficFactor.OutputTokens, "longer_answers", where);
    }

    public static void Reasoning(TrafficPlot plot)
    {
        plot.DrawOnset();
        var labels = plot.Random.Pick(plot.World.Cells).Labels;
        var where = TrafficPlot.At(("feature", labels.Feature), ("model", labels.Model));
        var times = plot.Random.Ratio(1.5, 6);
        plot.Accept = _ => plot.World.Cells.Any(cell => cell.Labels == labels && cell.Reasoning > 0);
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.Reasoning *= times);
        plot.Because(TrafficFactor.OutputTokens, "reasoning", where);
    }

    public static void CachePrefix(TrafficPlot plot)
    {
        plot.DrawOnset();
        var where = TrafficPlot.At(("feature", plot.Draw("feature")));
        var (left, written) = (plot.Random.Between(0.02, 0.15), plot.Random.Chance(0.5));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => Lose(ref now, left, written));
        plot.Because(TrafficFactor.Cache, "cache_prefix", where);
    }

    public static void CacheTime(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (where, left) = (TrafficPlot.At(("provider", plot.Draw("provider"))), plot.Random.Between(0.1, 0.5));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => Lose(ref now, left, written: true));
        plot.Because(TrafficFactor.Cache, "cache_time", where);
    }

    public static void AutoSave(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (where, times) = (TrafficPlot.At(("feature", plot.Draw("feature"))), plot.Random.Ratio(2, 6));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.AutoSave *= times);
        plot.Because(TrafficFactor.HiddenRecompute, "auto_save", where);
    }

    public static void RetryStorm(TrafficPlot plot)
    {
        plot.DrawOnset();
        var where = TrafficPlot.At(("provider", plot.Draw("provider")));
        var (more, failures) = (plot.Random.Ratio(0.3, 1.5), plot.Random.Between(0.2, 0.6));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => (now.Retry, now.Failures) = (now.Retry + more, failures));
        plot.Because(TrafficFactor.HiddenRecompute, "retry_storm", where);
    }

    public static void Undo(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (where, times) = (TrafficPlot.At(("feature", plot.Draw("feature"))), plot.Random.Ratio(3, 10));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.Undo *= times);
        plot.Because(TrafficFactor.HiddenRecompute, "undo", where);
    }

    public static void ToolFailure(TrafficPlot plot)
    {
        plot.DrawOnset();
        var (where, share) = (TrafficPlot.At(("feature", plot.Draw("feature"))), plot.Random.Between(0.4, 0.8));
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.ToolFailure = share);
        plot.Because(TrafficFactor.ToolRetries, "tool_failure", where);
    }

    /// <summary>One feature of one org on one of the models it uses.</summary>
    public static void Triple(TrafficPlot plot)
    {
        plot.DrawOnset();
        var labels = plot.Random.Pick(plot.World.Cells).Labels;
        var where = TrafficPlot.At(("org", labels.Org), ("feature", labels.Feature), ("model", labels.Model));
        var times = plot.Random.Ratio(4, 25);
        plot.Change(where, (TrafficCell _, int _, ref CellHour now) => now.Input *= times);
        // All three labels must be needed: each pair of them has other cells too.
        plot.Accept = _ => where.Keys.All(one => plot.World.Cells.Any(cell =>
            cell.Rate > 0 && !TrafficPlot.Matches(where, cell.Labels)
            && where.Where(pair => pair.Key != one).All(pair => TrafficPlot.Label(cell.Labels, pair.Key) == pair.Value)));
        plot.Because(TrafficFactor.InputTokens, "triple", where);
    }

    private static void Lose(ref CellHour now, double left, bool written)
    {
        var lost = now.CacheRead * (1 - left);
        now.CacheRead -= lost;
        if (written) now.CacheWrite += lost;
    }
}
