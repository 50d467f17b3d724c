namespace Tieout.Simulator.Traffic;

/// <summary>What hours cost on average, with changes or without: so that a case that is to be a spike is one.</summary>
internal sealed class TrafficExpectation(TrafficPlot plot, TrafficClock clock)
{
    /// <summary>How the size of the prompt grows with each time that an agent tries a tool again: the transcript has the failed call.</summary>
    public const double TranscriptGrowth = 0.25;

    /// <summary>How often an agent tries a tool again before it stops.</summary>
    public const int ToolRetriesMax = 4;

    /// <summary>A saved draft is answered with less than a question is.</summary>
    public const double AutoSaveOutput = 0.4;

    /// <summary>The least effect that is a spike by anybody's rule: 25 %, or 2.5 deviations of an hour.</summary>
    public double EffectMin => Math.Max(0.25, 2.5 * clock.Noise);

    /// <summary>The effect of a plant, as a share of what the hours would cost without it.</summary>
    /// <param name="changes">Changes that were there before it.</param>
    /// <param name="cells">Cells that were there before it.</param>
    public double Effect(int changes, int cells)
    {
        var without = plot.Changes.Take(changes).ToList();
        var before = plot.World.Cells.Take(cells).Sum(cell => CostOf(cell, plot.Onset, plot.Until, without));
        return before <= 0 ? 0 : Cost(plot.Onset, plot.Until, plot.Changes) / before - 1;
    }

    /// <summary>The labels of a cause whose cost the plant changed by a hundredth at least; all of them where none stands out.</summary>
    /// <inheritdoc cref="Effect"/>
    public HashSet<TrafficLabels> Touched(TrafficCause cause, int changes, int cells)
    {
        var (without, of, touched) = (plot.Changes.Take(changes).ToList(), new HashSet<TrafficLabels>(), new HashSet<TrafficLabels>());
        for (var i = 0; i < plot.World.Cells.Count; i++)
        {
            var cell = plot.World.Cells[i];
            if (!TrafficPlot.Matches(cause.Where, cell.Labels)) continue;
            var (before, after) = (i < cells ? CostOf(cell, plot.Onset, plot.Until, without) : 0, CostOf(cell, plot.Onset, plot.Until, plot.Changes));
            of.Add(cell.Labels);
            if (Math.Abs(after - before) > 0.01 * Math.Max(before, after)) touched.Add(cell.Labels);
        }

        return touched.Count > 0 ? touched : of;
    }

    /// <summary>The cost of hours in nano-dollars under some of the changes, of all cells or of those that match.</summary>
    public double Cost(int from, int until, IReadOnlyList<TrafficChange> changes, IReadOnlyDictionary<string, string>? where = null)
    {
        var sum = 0.0;
        foreach (var cell in plot.World.Cells)
        {
            if (where is null || TrafficPlot.Matches(where, cell.Labels)) sum += CostOf(cell, from, until, changes);
        }

        return sum;
    }

    public double CostOf(TrafficCell cell, int from, int until, IReadOnlyList<TrafficChange> changes)
    {
        var sum = 0.0;
        for (var hour = from; hour < until; hour++)
        {
            var now = cell.Plain;
            foreach (var change in changes) change(cell, hour, ref now);
            sum += cell.Rate * clock.Level(cell, hour) * now.Volume * OfRequest(cell, now);
        }

        return sum;
    }

    /// <summary>What one primary request costs with everything that it makes others do.</summary>
    private double OfRequest(TrafficCell cell, in CellHour now)
    {
        var prices = plot.PricesOf(cell, now.Prices);
        var fresh = 1 - now.CacheRead - now.CacheWrite + (now.CountsCachedTwice ? now.CacheRead : 0);
        var prompt = now.Input * (fresh * prices.Input + now.CacheRead * prices.CacheRead + now.CacheWrite * prices.CacheWrite);
        var answer = now.Output * (1 + now.Reasoning) * prices.Output;
        var sum = (prompt + answer) * (1 + now.Retry + now.Undo) + (prompt + AutoSaveOutput * answer) * now.AutoSave;
        if (cell.Tool is not null)
        {
            var reached = cell.ToolUse;
            for (var again = 1; again <= ToolRetriesMax; again++)
            {
                reached *= now.ToolFailure;
                sum += reached * (prompt * (1 + TranscriptGrowth * again) + answer);
            }
        }

        return sum * now.Discount * (1 + now.Twice);
    }
}
