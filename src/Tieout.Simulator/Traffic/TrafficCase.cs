namespace Tieout.Simulator.Traffic;

/// <summary>Traffic of some days with something planted in it, and the truth about it.</summary>
/// <remarks>
/// Written from the scenarios alone, before the diagnosis was read, so that the score of the diagnosis is blind. The same scenario, seed and options
/// are the same traffic, to the token. A planted rise raises the cost of its hours by 25 % or by 2.5 deviations of an hour, whichever is more: a draw
/// that does not is no spike by anybody's rule, and is drawn again.
/// </remarks>
public sealed class TrafficCase
{
    /// <summary>A scenario whose labels are rare, such as three that are all needed, is drawn some dozens of times.</summary>
    private const uint DrawsMax = 2_000;

    private readonly TrafficPlot _plot;
    private readonly TrafficClock _clock;
    private readonly TrafficRandom _random;

    private TrafficCase(TrafficScenario scenario, ulong seed, TrafficPlot plot, TrafficClock clock, TrafficRandom random, double effect)
    {
        (Scenario, Seed, _plot, _clock, _random) = (scenario, seed, plot, clock, random);
        var begins = plot.Causes.Count > 0 || plot.Fault is not null;
        Truth = new(plot.Verdict, plot.AlsoRight, plot.Causes, plot.Fault, begins ? plot.Onset : null, plot.OnsetWithin, effect);
    }

    public TrafficScenario Scenario { get; }

    public ulong Seed { get; }

    public TrafficTruth Truth { get; }

    /// <summary>The first hour of the baseline.</summary>
    public DateTimeOffset Start => _plot.Start;

    /// <summary>The first hour to be explained.</summary>
    public DateTimeOffset WindowFrom => _plot.Start.AddHours(_plot.WindowFrom);

    /// <summary>The end of the last hour.</summary>
    public DateTimeOffset End => _plot.Start.AddHours(_plot.End);

    /// <summary>The deviation of an hour's level, from 0.03 to 0.15.</summary>
    public double Noise => _clock.Noise;

    public IReadOnlyList<string> Orgs => [.. _plot.World.Cells.Select(cell => cell.Labels.Org).Distinct()];

    /// <summary>Every list of every model, oldest first.</summary>
    public IReadOnlyList<TrafficPriceList> PriceLists =>
        [.. _plot.World.Models.SelectMany(model => _plot.Lists.Any(list => list.Model == model.Name)
            ? _plot.Lists.Where(list => list.Model == model.Name)
            : [new(model.Provider, model.Name, 0, Start, model.Prices)])];

    /// <summary>Draws until the case is what its scenario says.</summary>
    /// <exception cref="InvalidOperationException">The options are too small for the scenario: no draw is such a case.</exception>
    public static TrafficCase Draw(TrafficScenario scenario, ulong seed, TrafficOptions? options = null)
    {
        var sized = scenario.Options(options ?? new());
        var root = new TrafficRandom(unchecked(seed * 1_000_003UL + (ulong)scenario.Number * 7_919UL + 17UL));
        for (uint draw = 0; draw < DrawsMax; draw++)
        {
            var random = root.Fork(draw);
            var world = TrafficWorld.Draw(sized, random);
            var clock = scenario.Clock(sized, random);
            var plot = new TrafficPlot(world, sized, clock.Start, random);
            Distractors.Add(plot, clock);
            var (changes, cells) = (plot.Changes.Count, world.Cells.Count);
            scenario.Plant(plot, clock);
            var expected = new TrafficExpectation(plot, clock);
            var effect = expected.Effect(changes, cells);
            if (plot.EffectMin is { } least && effect < Math.Max(least, 2.5 * clock.Noise)) continue;
            if (!plot.Accept(expected)) continue;
            for (var i = 0; i < plot.Causes.Count; i++) plot.Causes[i] = plot.Causes[i] with { Touched = expected.Touched(plot.Causes[i], changes, cells) };
            return new(scenario, seed, plot, clock, random.Fork(uint.MaxValue), effect);
        }

        throw new InvalidOperationException($"No draw of scenario {scenario.Number} is such a case with these options.");
    }

    /// <summary>Every request, hour by hour. Each call yields the same ones.</summary>
    public IEnumerable<TrafficEvent> Events() => new TrafficSource(_plot, _clock, _random.Fork(1)).Events();

    /// <summary>Sums of hours as the case has them, drawn without single requests, hour by hour: for cases with millions of requests.</summary>
    public IEnumerable<TrafficSums> DrawnSums() => new TrafficSumSource(_plot, _clock, _random.Fork(1)).Sums();
}
