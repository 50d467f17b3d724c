using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Scenarios;

/// <summary>Random traffic with a planted cause: the first cause is right in 95 of 100 cases, its segment in 90, and the parts always add up.</summary>
public sealed class ScenarioTests(ITestOutputHelper output)
{
    private static readonly int Factor = Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1" ? 6 : 1, Cases = 54 * Factor, QuietCases = 27 * Factor;

    private static readonly Materiality Material = new(0.2, 0);

    [Fact]
    public void T1_the_planted_cause_is_named_where_it_is_and_the_parts_add_up()
    {
        var (causes, places, onsets) = (0, 0, 0);
        for (var seed = 0; seed < Cases; seed++)
        {
            var traffic = new Traffic(seed);
            var planted = Causes.All[seed % Causes.All.Length](traffic);
            var said = Diagnose(traffic, planted);
            var isCause = planted.Verdicts.Contains(said.Timing.Verdict) && said.Metering is null && said.Cause is { } cause && planted.Causes.Contains(cause);
            var isPlace = Streams(traffic, said.Place).SetEquals(Streams(traffic, planted.Place));
            var isOnset = Math.Abs(said.Timing.From - planted.Onset) <= 2;
            (causes, places, onsets) = (causes + (isCause ? 1 : 0), places + (isPlace ? 1 : 0), onsets + (isOnset ? 1 : 0));
            if (!isCause || !isPlace || !isOnset) output.WriteLine($"{seed} {planted.Name} [{string.Join(", ", planted.Place)}] from {planted.Onset}: {said}");
        }

        output.WriteLine($"Of {Cases}: cause {causes}, segment {places}, onset {onsets}.");
        Assert.True(causes >= 0.95 * Cases, $"The cause was right in {causes} of {Cases} cases.");
        Assert.True(places >= 0.9 * Cases, $"The segment was right in {places} of {Cases} cases.");
        Assert.True(onsets >= 0.9 * Cases, $"The onset was within two hours in {onsets} of {Cases} cases.");
    }

    [Fact]
    public void No_cause_is_named_where_nothing_happened_to_use()
    {
        var wrong = 0;
        for (var seed = 0; seed < QuietCases; seed++)
        {
            var traffic = new Traffic(10_000 + seed);
            var planted = Quiet.All[seed % Quiet.All.Length](traffic);
            var said = Diagnose(traffic, planted);
            var verdict = said.Metering is null ? said.Timing.Verdict : SpikeVerdict.Metering;
            if (planted.Verdicts.Contains(verdict) && said.Metering == planted.Metering) continue;
            wrong++;
            output.WriteLine($"{seed} {planted.Name}: {said}");
        }

        Assert.True(wrong == 0, $"{wrong} of {QuietCases} quiet cases were taken for something else.");
    }

    // Goal: a rise that a fall hides is named, and labels of quiet traffic are not, although there are dozens. Method: one feature up, the others down so that
    // the whole stays; and nothing.
    [Fact]
    public void A_label_is_named_only_where_it_rose_by_itself()
    {
        var (found, wrong) = (0, 0);
        for (var seed = 0; seed < 6 * Factor; seed++)
        {
            var traffic = new Traffic(20_000 + seed);
            var rest = traffic.Streams.Where(stream => stream.Feature != "feature-0").Sum(traffic.CostOf);
            var own = traffic.Streams.Sum(traffic.CostOf) - rest;
            var moved = 0.4 * (own + rest);
            var hidden = Components(traffic, (stream, _, hour, like) => like.Rate *= hour < Traffic.Hours - 24 ? 1
                : stream.Feature == "feature-0" ? 1 + moved / own : Math.Max(0.1, 1 - moved / rest));
            if (hidden is [{ Dimension: "feature", Value: "feature-0" }, ..]) found++;
            wrong += Components(new Traffic(30_000 + seed), (_, _, _, _) => { }).Count;
        }

        Assert.Equal((6 * Factor, 0), (found, wrong));
    }

    private static IReadOnlyList<Component> Components(Traffic traffic, Action<Stream, string?, int, Behaviour> inject)
    {
        var series = new HourSeries(Stream.Dimensions, 0, Traffic.Hours, hour => ((int)(hour % 24), Traffic.IsWeekend((int)hour)));
        foreach (var line in traffic.Lines(inject)) series.Add(line);
        return series.Components(Traffic.BaselineHours, Material);
    }

    /// <summary>Names that mean the same requests are the same place.</summary>
    private static HashSet<Stream> Streams(Traffic traffic, string[] place) => [.. traffic.Streams.Where(stream => place.All(
        each => Stream.Dimensions.Zip(stream.Values, (dimension, value) => $"{dimension} {value}").Contains(each)))];

    private static Said Diagnose(Traffic traffic, Planted planted)
    {
        var lines = traffic.Lines(planted.Inject).Where(line => line.Hour >= planted.Since && line.Hour < planted.Now).ToList();
        var costs = lines.GroupBy(line => line.Hour).ToDictionary(hour => hour.Key, hour => hour.Sum(line => (double)line.Cost));
        var points = Enumerable.Range(0, planted.Now).Select(hour => Traffic.Point(hour, costs.GetValueOrDefault(hour))).ToList();
        var timing = SpikeTimer.Judge(points, Traffic.BaselineHours, Material);
        var comparison = new PeriodComparison(Stream.Dimensions, AttemptClasses.Default, timing.Weights, timing.From, timing.To);
        foreach (var line in lines) comparison.Add(line);
        var change = comparison.Change();
        Assert.Equal(change.Actual - change.Expected, change.Parts.Sum);
        if (!timing.HasOnset || timing.Verdict is SpikeVerdict.Benign or SpikeVerdict.Blip) return new(timing, null, null, []);
        if (MeteringRules.Of(change, planted.Signs) is { } metering) return new(timing, metering, null, []);
        var drivers = Drivers.Of(change);
        var first = drivers.Findings[0];
        var cause = CauseNaming.Of(change, first, planted.Shape);
        return new(timing, null, cause, [.. (CauseNaming.Place(change, cause, first)?.Coordinates ?? []).Select(each => $"{each.Dimension} {each.Value}")]);
    }

    private sealed record Said(SpikeTiming Timing, MeteringCause? Metering, SpikeCause? Cause, string[] Place)
    {
        public override string ToString() =>
            $"{Timing.Verdict} {Timing.Benign} from {Timing.From} {Timing.ChangeRatio:P0}, {Metering?.ToString() ?? Cause?.ToString() ?? "no cause"} [{string.Join(", ", Place)}]";
    }
}
