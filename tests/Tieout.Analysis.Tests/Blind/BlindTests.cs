using System.Globalization;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Tests.Baselines;
using Tieout.Simulator.Traffic;

namespace Tieout.Analysis.Tests.Blind;

/// <summary>The score of the diagnosis on traffic that its author did not write, on seeds that nothing was tuned with.</summary>
/// <remarks>The first 1,000 seeds are for tuning: <c>TIEOUT_SPIKE_SEEDS=0,10</c> prints the score of ten of each scenario from seed 0 on, and
/// <c>TIEOUT_SPIKE_SCENARIOS=0,22,29</c> of these scenarios only. The seeds of the assertions are others.</remarks>
public sealed class BlindTests(ITestOutputHelper output)
{
    private const int HeldOutFrom = 1_000, LongFrom = 2_000, SeedsEach = 10;

    [Fact]
    public async Task T1_of_300_blind_cases_the_cause_the_segment_and_the_onset_are_right_and_parts_add_up()
    {
        var (from, count) = Seeds(HeldOutFrom, SeedsEach);
        await JudgeAsync(from, count, new());
    }

    [Fact]
    [Trait("Long", "yes")]
    public Task The_score_holds_with_hundreds_of_label_sets_and_longer_baselines() => Task.WhenAll(
        JudgeAsync(LongFrom, 3, new() { Orgs = 12, Features = 12, KeysPerTeam = 2, Models = 8, RequestsPerHour = 4_000 }),
        JudgeAsync(LongFrom + 500, 4, new() { BaselineDays = 14 }), JudgeAsync(LongFrom + 600, 4, new() { BaselineDays = 21 }));

    private async Task JudgeAsync(int from, int count, TrafficOptions options)
    {
        var cases = Scenarios().SelectMany(scenario => Enumerable.Range(from, count).Select(seed => (scenario, (ulong)seed))).ToArray();
        var (ours, others) = (new Scored[cases.Length], OtherMethods.All.Keys.ToDictionary(name => name, _ => new Scored[cases.Length]));
        await Parallel.ForAsync(0, cases.Length, TestContext.Current.CancellationToken, async (i, _) =>
        {
            var of = TrafficCase.Draw(cases[i].scenario, cases[i].Item2, options);
            var traffic = new MeteredTraffic(of);
            var (said, found) = await OurDiagnosis.OfAsync(traffic);
            ours[i] = new(of, traffic.Labels, said);
            foreach (var (name, method) in OtherMethods.All) others[name][i] = new(of, traffic.Labels, method(traffic));

            Assert.Equal(found.Change.Actual - found.Change.Expected, found.Change.Parts.Sum);
            Assert.All(found.Change.Leaves, leaf => Assert.Equal(leaf.Leaf.Change, leaf.Parts.Sum));
            var booked = traffic.Lines(found.Timing.From, found.Timing.To).Aggregate((Int128)0, (sum, line) => sum + line.Cost);
            Assert.Equal(booked, found.Change.Actual);
        });

        var score = Score.Of(ours);
        foreach (var wrong in ours.Where(each => !each.IsRight)) output.WriteLine(wrong.ToString());
        output.WriteLine(Score.Matrix(ours));
        output.WriteLine($"ours: {score}");
        foreach (var (name, scored) in others) output.WriteLine($"{name}: {Score.Of(scored)}");

        Assert.True(score.Cause >= 0.95, $"The cause is right in {score.Cause:P1}.");
        Assert.True(score.Place >= 0.9, $"The segment is right in {score.Place:P1}.");
        Assert.True(score.Onset >= 0.95, $"The onset is right in {score.Onset:P1}.");
        Assert.True(score.Calm >= 0.9, $"Of the cases without a cause, {score.Calm:P1} are named none.");
        foreach (var (name, scored) in others)
        {
            var other = Score.Of(scored);
            Assert.True(score.Cause > other.Cause && score.Place > other.Place && score.Onset > other.Onset && score.Calm > other.Calm, $"{name}: {other}");
        }
    }

    private static IEnumerable<TrafficScenario> Scenarios() => Environment.GetEnvironmentVariable("TIEOUT_SPIKE_SCENARIOS") is { } numbers
        ? numbers.Split(',').Select(number => TrafficScenario.All[int.Parse(number, CultureInfo.InvariantCulture)]) : TrafficScenario.All;

    private static (int From, int Count) Seeds(int from, int count) => Environment.GetEnvironmentVariable("TIEOUT_SPIKE_SEEDS") is { } seeds
        ? (int.Parse(seeds.Split(',')[0], CultureInfo.InvariantCulture), int.Parse(seeds.Split(',')[1], CultureInfo.InvariantCulture)) : (from, count);
}

/// <summary>Shares of cases that are right.</summary>
/// <param name="Cause">Of the cases with a planted cause, as all but <paramref name="Calm"/> are.</param>
/// <param name="Calm">Of the others: no spike is said and no cause is named.</param>
internal sealed record Score(double Verdict, double Cause, double Place, double Onset, double Calm)
{
    public static Score Of(IReadOnlyList<Scored> cases)
    {
        var (with, without) = (cases.Where(each => each.HasCause).ToList(), cases.Where(each => !each.HasCause).ToList());
        return new(
            Share(cases, each => each.IsVerdict), Share(with, each => each.IsCause), Share(with, each => each.IsPlace), Share(with, each => each.IsOnset),
            Share(without, each => each.IsCalm));
    }

    /// <summary>Rows: what is right. Columns: what was said.</summary>
    public static string Matrix(IReadOnlyList<Scored> cases)
    {
        var verdicts = Enum.GetValues<SpikeVerdict>();
        IEnumerable<string> rows = cases.GroupBy(each => each.Case.Truth.Verdict).OrderBy(group => group.Key).Select(group =>
            $"{group.Key,-22}{string.Concat(verdicts.Select(verdict => $"{group.Count(each => each.Said.Verdict == verdict),8}"))}");
        var heads = verdicts.Select(verdict => verdict.ToString()).Select(name => $"{name[..Math.Min(7, name.Length)],8}");
        return string.Join('\n', [$"{"",-22}{string.Concat(heads)}", .. rows]);
    }

    public override string ToString() => $"verdict {Verdict:P1}, cause {Cause:P1}, segment {Place:P1}, onset {Onset:P1}, calm {Calm:P1}";

    private static double Share(IReadOnlyList<Scored> cases, Func<Scored, bool> isRight) => cases.Count == 0 ? 1 : (double)cases.Count(isRight) / cases.Count;
}
