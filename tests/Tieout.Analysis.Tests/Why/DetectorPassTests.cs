using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Where;
using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Why;

/// <summary>One pass over many orgs: what rises a little everywhere, and what one org does.</summary>
public sealed class DetectorPassTests
{
    private const int Orgs = 40, Hours = 216, JudgedFrom = 168;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: a rise that no org can be sure of shows in the label over all of them, and only there. Method: noisy orgs whose model m-1 costs 60 % more for the
    // last twelve hours; and the same orgs without.
    [Fact]
    public async Task What_rises_a_little_in_every_org_is_seen_over_all_of_them()
    {
        var (pass, spikes) = await RunAsync((hour, model) => model == "m-1" && hour >= Hours - 12 ? 1.6 : 1);
        Assert.InRange(spikes, 0, Orgs / 4);
        var found = Assert.Single(pass.Components("USD", (_, _) => false));
        Assert.Equal(("model", "m-1"), (found.Dimension, found.Value));
        Assert.InRange(found.Timing.From, Hours - 14, Hours - 10);
        Assert.Empty((await RunAsync((_, _) => 1)).Pass.Components("USD", (_, _) => false));
    }

    [Fact]
    public async Task An_org_that_rises_itself_makes_no_label_of_all_orgs_rise()
    {
        var pass = new DetectorPass(["feature", "model"]);
        var spike = new Source(99, (hour, _) => hour >= Hours - 12 ? 500 : 1);
        for (var org = 0; org < 5; org++) await JudgeAsync(pass, new Source(org, (_, _) => 1));
        Assert.Equal(SpikeVerdict.Sustained, (await JudgeAsync(pass, spike)).Verdict);
        Assert.Empty(pass.Components("USD", (_, _) => false));
        Assert.Equal(["USD"], pass.Pools);
    }

    [Fact]
    public async Task A_pool_of_one_org_has_no_labels_of_its_own()
    {
        var pass = new DetectorPass(["model"]);
        var (quiet, rising) = (new Source(1, (_, _) => 1), new Source(2, (hour, model) => model == "m-1" && hour >= Hours - 12 ? 1.6 : 1));
        await JudgeAsync(pass, quiet, "EUR");
        await JudgeAsync(pass, rising, "USD");
        Assert.Empty(pass.Components("USD", (_, _) => true));
        Assert.Empty(pass.Components("XAU", (_, _) => true));
    }

    [Fact]
    public async Task An_org_whose_hours_cannot_be_read_adds_nothing()
    {
        var pass = new DetectorPass(["model"]);
        var broken = new Source(1, (hour, _) => hour < 100 ? 1 : throw new InvalidOperationException());
        await Assert.ThrowsAsync<InvalidOperationException>(() => JudgeAsync(pass, broken));
        Assert.Empty(pass.Pools);
    }

    private static async Task<(DetectorPass Pass, int Spikes)> RunAsync(Func<int, string, double> factor)
    {
        var (pass, spikes) = (new DetectorPass(["feature", "model"]), 0);
        for (var org = 0; org < Orgs; org++)
        {
            if ((await JudgeAsync(pass, new Source(org, factor))).Verdict is SpikeVerdict.Sustained or SpikeVerdict.Rising) spikes++;
        }

        return (pass, spikes);
    }

    private static Task<SpikeTiming> JudgeAsync(DetectorPass pass, Source source, string pool = "USD") => pass.JudgeAsync(
        pool, new(["org", "feature", "model"], 0, JudgedFrom, Hours, hour => ((int)(hour % 24), (hour / 24 + 4) % 7 is 0 or 6), new(0.2, 1_000)), source, Stop);

    /// <summary>An org with two models and noise.</summary>
    private sealed class Source(int org, Func<int, string, double> factor) : IDiagnosisSource
    {
        public async IAsyncEnumerable<HourLine> LinesAsync(long from, long to, bool isSplit, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            var random = new Random(org);
            for (var hour = 0; hour < Hours; hour++)
            {
                foreach (var model in (string[])["m-1", "m-2"])
                {
                    // The sum of twelve is nearly normal.
                    var noise = Math.Exp(0.9 * (Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6));
                    ImmutableArray<string?> values = [$"org-{org}", $"feature-{org}", model];
                    yield return new(hour, values, null, 1, [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], (Int128)(1_000_000_000 * noise * factor(hour, model)));
                }
            }
        }

        public Task<SegmentShape> ShapeAsync(Segment? segment, SpikeTiming timing, CancellationToken cancellationToken) =>
            Task.FromResult(SegmentShape.Unknown);

        public Task<ArrivalSigns> ArrivalAsync(CostChange change, SpikeTiming timing, CancellationToken cancellationToken) =>
            Task.FromResult<ArrivalSigns>(default);
    }
}
