namespace Tieout.Simulator.Traffic;

/// <summary>What happens besides, and is not why: none may change what two days cost by more than a few per cent.</summary>
internal static class Distractors
{
    /// <summary>A distractor concerns cells with at most this share of the cost.</summary>
    private const double ShareMax = 0.02;

    public static void Add(TrafficPlot plot, TrafficClock clock)
    {
        var random = plot.Random;
        var expected = new TrafficExpectation(plot, clock);
        var all = expected.Cost(0, 24, []);
        var small = plot.World.Cells.Where(cell => expected.CostOf(cell, 0, 24, []) < ShareMax * all).ToList();

        if (small.Count > 0 && random.Chance(0.5)) Grows(plot, random.Pick(small), random.Ratio(1.5, 2.5));
        if (small.Count > 0 && random.Chance(0.3)) Grows(plot, random.Pick(small), 0);
        if (random.Chance(0.4)) RotatesKey(plot, random.Pick(plot.World.Cells));
        if (random.Chance(0.4)) AllHours(plot, random.Below(plot.WindowFrom), 1 + random.Below(2), random.Ratio(1.5, 2.5));
        if (random.Chance(0.3)) AllHours(plot, random.Below(plot.End - 2), 1, 0.1);
    }

    private static void Grows(TrafficPlot plot, TrafficCell small, double times)
    {
        var from = plot.Random.Below(plot.End);
        plot.Changes.Add((TrafficCell cell, int hour, ref CellHour now) =>
        {
            if (hour >= from && ReferenceEquals(cell, small)) now.Volume *= times;
        });
    }

    /// <summary>A key is replaced by another and everything else stays: new labels that cost nothing more.</summary>
    private static void RotatesKey(TrafficPlot plot, TrafficCell like)
    {
        var (key, from) = (like.Labels.Key, plot.Random.Below(plot.End));
        var rotated = $"{key}-b";
        foreach (var cell in plot.World.Cells.Where(cell => cell.Labels.Key == key).ToList())
        {
            plot.World.Add(cell with { Labels = cell.Labels with { Key = rotated } });
        }

        plot.Changes.Add((TrafficCell cell, int hour, ref CellHour now) =>
        {
            if (cell.Labels.Key == (hour < from ? rotated : key)) now.Volume = 0;
        });
    }

    /// <summary>A launch or an outage some days ago, or an hour without traffic yesterday.</summary>
    private static void AllHours(TrafficPlot plot, int from, int hours, double times) =>
        plot.Changes.Add((TrafficCell _, int hour, ref CellHour now) =>
        {
            if (hour >= from && hour < from + hours) now.Volume *= times;
        });
}
