namespace Tieout.Simulator.Traffic;

/// <summary>Sums of hours that are drawn as sums, without single requests: as many as a case has, and spread as sums of its requests are. Much faster where
/// nobody looks at a request; not the sums of the same requests.</summary>
internal sealed class TrafficSumSource(TrafficPlot plot, TrafficClock clock, TrafficRandom random)
{
    /// <summary>The deviation of one request's tokens, as a part of their mean: tails are long.</summary>
    private const double Spread = 1.2;

    public IEnumerable<TrafficSums> Sums()
    {
        var noise = random.Fork(2);
        for (var hour = 0; hour < plot.End; hour++)
        {
            foreach (var cell in plot.World.Cells)
            {
                var now = plot.Now(cell, hour);
                var count = random.Poisson(cell.Rate * clock.Level(cell, hour) * now.Volume * clock.NoiseOf(hour, noise));
                if (count == 0) continue;
                yield return Of(cell, hour, now, TrafficTrigger.Primary, count, input: 1, output: 1);
                var retries = random.Poisson(count * now.Retry);
                if (retries > 0) yield return Of(cell, hour, now, TrafficTrigger.Retry, retries, input: 1, output: 1);
                var undone = random.Poisson(count * now.Undo);
                if (undone > 0) yield return Of(cell, hour, now, TrafficTrigger.Undo, undone, input: 1, output: 1);
                var saves = random.Poisson(count * now.AutoSave);
                if (saves > 0) yield return Of(cell, hour, now, TrafficTrigger.AutoSave, saves, input: 1, output: TrafficExpectation.AutoSaveOutput);
                if (cell.Tool is null) continue;

                // A call that fails again is tried again, with a transcript that has grown.
                for (var again = 1; again <= TrafficExpectation.ToolRetriesMax; again++)
                {
                    var failed = random.Poisson(count * cell.ToolUse * Math.Pow(now.ToolFailure, again));
                    if (failed == 0) continue;
                    yield return Of(cell, hour, now, TrafficTrigger.ToolRetry, failed, 1 + TrafficExpectation.TranscriptGrowth * again, output: 1);
                }
            }
        }
    }

    /// <param name="input">Tokens of the prompt, as a multiple of a question's.</param>
    /// <param name="output">Tokens of the answer, likewise.</param>
    private TrafficSums Of(TrafficCell cell, int hour, in CellHour now, string trigger, int count, double input, double output)
    {
        var prompt = now.Input * input * Many(count);
        var (read, write) = ((long)(prompt * now.CacheRead), (long)(prompt * now.CacheWrite));
        var fresh = (long)prompt - read - write + (now.CountsCachedTwice ? read : 0);
        var visible = (long)(now.Output * output * Many(count));
        var reasoning = (long)(visible * now.Reasoning);
        var prices = plot.PricesOf(cell, now.Prices);
        var cost = fresh * prices.Input + read * prices.CacheRead + write * prices.CacheWrite + (visible + reasoning) * prices.Output;
        var sums = new TrafficSums(plot.Start.AddHours(hour), cell.Labels, trigger, now.Prices);
        sums.Add(count, fresh, read, write, visible, reasoning, (long)(cost * now.Discount));
        return sums;
    }

    /// <summary>The sum of so many draws whose mean is one.</summary>
    private double Many(int count)
    {
        var deviation = Spread / Math.Sqrt(count);
        return count * Math.Exp(deviation * random.Normal() - deviation * deviation / 2);
    }
}
