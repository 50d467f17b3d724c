using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Where;
using Tieout.Analysis.Why;
using Tieout.Simulator.Traffic;

namespace Tieout.Bench.Spike;

/// <param name="LabelSets">Different labels, triggers apart.</param>
/// <param name="Leaves">Labels with their triggers, as the parts are split by.</param>
/// <param name="Lines">Hours of labels and triggers that were read.</param>
/// <param name="Requests">What the lines add up.</param>
/// <param name="BuildS">Making the traffic.</param>
/// <param name="DiagnosisMs">The whole diagnosis; the median of five.</param>
/// <param name="DiagnosisCpuMs">The processor time of it, which other programs on the machine do not lengthen.</param>
/// <param name="DiagnosisMb">What it allocates.</param>
/// <param name="DetectorOrgs">Orgs that are judged in a pass.</param>
/// <param name="DetectorMs">A pass over them; the median of three.</param>
/// <param name="Cause">What was said, so that a fast nothing shows.</param>
/// <param name="Guardrails">What ten mitigations in force add to a request.</param>
public sealed record SpikeBenchResult(
    long LabelSets, int Leaves, long Lines, long Requests, decimal BuildS, decimal DiagnosisMs, decimal DiagnosisCpuMs, decimal DiagnosisMb, int DetectorOrgs,
    decimal DetectorMs, string Cause, GuardrailsBenchResult Guardrails);

/// <summary>Measures the diagnosis of a spike in memory: what reading the hours takes comes on top.</summary>
public static class SpikeBench
{
    private static readonly ImmutableArray<string> Dimensions = ["org", "team", "key", "feature", "provider", "model"];

    private static readonly Materiality Material = new(0.2, 10_000_000);

    /// <param name="labelSets">About so many.</param>
    /// <param name="requestsPerHour">Of all of them, in an hour of a working day.</param>
    /// <param name="orgs">How many orgs the detector judges.</param>
    public static async Task<SpikeBenchResult> RunAsync(int labelSets, int requestsPerHour, int orgs, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();

        // 25 orgs with 16 features each; a third of the features is on two models.
        var options = new TrafficOptions
        {
            Orgs = 25,
            Features = 20,
            Models = 8,
            KeysPerTeam = Math.Max(1, labelSets / 540),
            RequestsPerHour = requestsPerHour,
        };
        var hours = new Hours(TrafficCase.Draw(TrafficScenario.All[2], 1, options));
        var small = options with { Orgs = 1, Features = 4, KeysPerTeam = 1, RequestsPerHour = 20 };
        var quiet = Enumerable.Range(0, orgs).Select(i => new Hours(TrafficCase.Draw(TrafficScenario.All[0], (ulong)i, small))).ToList();
        var built = watch.Elapsed;

        Diagnosis? found = null;
        var (diagnosis, processor, bytes) = await MedianAsync(5, async () => found = await Diagnosis.OfAsync(hours.Asked, hours, cancellationToken));
        var (detector, _, _) = await MedianAsync(3, async () =>
        {
            var pass = new DetectorPass(["feature", "provider", "model"]);
            foreach (var org in quiet) await pass.JudgeAsync("USD", org.Asked, org, cancellationToken);
            pass.Components("USD", static (_, _) => false);
        });
        return new(
            hours.LabelSets, found!.Change.Leaves.Count, hours.Lines, hours.Requests, Math.Round((decimal)built.TotalSeconds, 1), diagnosis, processor,
            Math.Round(bytes / 1_048_576m, 1), orgs, detector,
            $"{found.Verdict}: {string.Join(", ", found.Causes.Select(cause => $"{cause.Cause} {cause.Place}"))}", await GuardrailsBench.RunAsync());
    }

    private static async Task<(decimal Ms, decimal CpuMs, long Bytes)> MedianAsync(int times, Func<Task> run)
    {
        var (elapsed, processor, bytes) = (new List<decimal>(), new List<decimal>(), 0L);
        for (var i = 0; i < times; i++)
        {
            var (watch, used, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: true));
            await run();
            elapsed.Add((decimal)watch.Elapsed.TotalMilliseconds);
            processor.Add((decimal)(Environment.CpuUsage.TotalTime - used).TotalMilliseconds);
            bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        elapsed.Sort();
        processor.Sort();
        return (Math.Round(elapsed[times / 2], 1), Math.Round(processor[times / 2], 1), bytes);
    }

    /// <summary>The hours of a case as a ledger has them.</summary>
    private sealed class Hours : IDiagnosisSource
    {
        private readonly List<HourLine> _lines = [];

        public Hours(TrafficCase of)
        {
            var prices = of.PriceLists.ToDictionary(list => (list.Model, list.Version), list => Prices(list.Prices));
            var known = new Dictionary<TrafficLabels, ImmutableArray<string?>>();
            foreach (var sums in of.DrawnSums())
            {
                if (!known.TryGetValue(sums.Labels, out var values)) known.Add(sums.Labels, values = ValuesOf(sums.Labels));
                _lines.Add(new(
                    HourOf(sums.Hour), values, sums.Trigger.Length == 0 ? null : sums.Trigger, sums.Requests,
                    [sums.Input, sums.CacheRead, sums.CacheWrite, sums.Output, sums.Reasoning], prices[(sums.Labels.Model, sums.PriceVersion)],
                    sums.CostNanos));
                Requests += sums.Requests;
            }

            LabelSets = known.Count;
            Asked = new(
                Dimensions, HourOf(of.Start), HourOf(of.WindowFrom), HourOf(of.End), hour => ((int)(hour % 24), (hour / 24 + 4) % 7 is 0 or 6), Material);
        }

        public DiagnosisHours Asked { get; }

        public int LabelSets { get; }

        public long Lines => _lines.Count;

        public long Requests { get; }

        public async IAsyncEnumerable<HourLine> LinesAsync(long from, long to, bool isSplit, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            foreach (var line in _lines)
            {
                if (line.Hour >= from && line.Hour < to) yield return line;
            }
        }

        public Task<SegmentShape> ShapeAsync(Segment? segment, SpikeTiming timing, CancellationToken cancellationToken) =>
            Task.FromResult(SegmentShape.Unknown);

        public Task<ArrivalSigns> ArrivalAsync(CostChange change, SpikeTiming timing, CancellationToken cancellationToken) =>
            Task.FromResult<ArrivalSigns>(default);

        private static long HourOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 3_600;

        private static ImmutableArray<string?> ValuesOf(TrafficLabels labels) =>
            [labels.Org, labels.Team, labels.Key, labels.Feature, labels.Provider, labels.Model];

        private static ImmutableArray<double> Prices(TrafficPrices prices) => [prices.Input, prices.CacheRead, prices.CacheWrite, prices.Output, prices.Output];
    }
}
