using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Where;
using Tieout.Analysis.Why;
using Tieout.Simulator.Traffic;

namespace Tieout.Analysis.Tests.Blind;

/// <summary>What a meter knows of a case: lines of hours, users and sizes, and how usage arrived. Of the truth it has nothing.</summary>
internal sealed class MeteredTraffic : IDiagnosisSource
{
    public static readonly ImmutableArray<string> Dimensions = ["org", "team", "key", "feature", "provider", "model"];

    /// <summary>Usage arrives within minutes as a rule. Usage that arrives later than this was backfilled.</summary>
    private static readonly TimeSpan LateAfter = TimeSpan.FromHours(6);

    private readonly List<HourLine>[] _lines;
    private readonly List<Attempt> _attempts = [];
    private readonly Int128[] _duplicates, _backfill;
    private readonly List<TrafficLabels> _labels = [];

    public MeteredTraffic(TrafficCase of)
    {
        BaselineFrom = HourOf(of.Start);
        (From, To) = (HourOf(of.WindowFrom), HourOf(of.End));
        var count = (int)(To - BaselineFrom);
        (_lines, _duplicates, _backfill) = (new List<HourLine>[count], new Int128[count], new Int128[count]);
        var prices = of.PriceLists.ToDictionary(list => (list.Model, list.Version), list => PricesOf(list.Prices));
        foreach (var sums in TrafficSums.Of(Seen(of.Events())))
        {
            (_lines[HourOf(sums.Hour) - BaselineFrom] ??= []).Add(Line(sums, prices[(sums.Labels.Model, sums.PriceVersion)]));
        }
    }

    public long BaselineFrom { get; }

    public long From { get; }

    public long To { get; }

    /// <summary>Every set of labels that was used.</summary>
    public IReadOnlyList<TrafficLabels> Labels => _labels;

    public DiagnosisHours Hours => new(Dimensions, BaselineFrom, From, To, ClockOf, new(0.2, 10_000_000));

    public static (int ClockHour, bool IsWeekend) ClockOf(long hour) => ((int)(hour % 24), (hour / 24 + 4) % 7 is 0 or 6);

    public static ImmutableArray<string?> ValuesOf(TrafficLabels labels) =>
        [labels.Org, labels.Team, labels.Key, labels.Feature, labels.Provider, labels.Model];

    public IEnumerable<HourLine> Lines(long from, long to)
    {
        for (var hour = from; hour < to; hour++)
        {
            foreach (var line in _lines[hour - BaselineFrom] ?? []) yield return line;
        }
    }

    /// <summary>How many different users there are in some hours.</summary>
    public int Users(long from, long to, Func<TrafficLabels, bool> isOf)
    {
        var users = new HashSet<(string, int)>();
        foreach (var attempt in Attempts(from, to, isOf)) users.Add((_labels[attempt.Labels].Org, attempt.User));
        return users.Count;
    }

    public async IAsyncEnumerable<HourLine> LinesAsync(long from, long to, bool isSplit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var line in Lines(from, to)) yield return line;
    }

    public Task<SegmentShape> ShapeAsync(Segment? segment, SpikeTiming timing, CancellationToken cancellationToken)
    {
        bool IsOf(TrafficLabels labels) => segment is null
            || segment.Coordinates.All(each => ValuesOf(labels)[Dimensions.IndexOf(each.Dimension)] == each.Value);

        // The rule of the server: as long a time a week before, or where the baseline begins.
        var (length, third) = (timing.To - timing.From, (timing.To - timing.From) / 3);
        var earlier = timing.From - 168 >= BaselineFrom && length <= 168 ? timing.From - 168 : BaselineFrom;
        var until = Math.Min(earlier + length, From);
        var (first, last) = (Mean(timing.From, timing.From + third), Mean(timing.To - third, timing.To));
        return Task.FromResult(new SegmentShape(
            Users(earlier, until, IsOf), Users(timing.From, timing.To, IsOf), Spread(earlier, until), Spread(timing.From, timing.To),
            first > 0 ? last / first : 1));

        TokenSpread? Spread(long from, long to)
        {
            var sizes = Attempts(from, to, IsOf).Select(attempt => attempt.Input).ToArray();
            Array.Sort(sizes);
            return sizes.Length == 0 ? null : new(sizes[sizes.Length / 20], sizes[sizes.Length / 2], sizes[sizes.Length * 19 / 20]);
        }

        double Mean(long from, long to) => Attempts(from, to, IsOf).Select(attempt => (double)attempt.Input).DefaultIfEmpty(0).Average();
    }

    public Task<ArrivalSigns> ArrivalAsync(CostChange change, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var (duplicates, backfill) = ((Int128)0, (Int128)0);
        for (var hour = timing.From - BaselineFrom; hour < timing.To - BaselineFrom; hour++)
        {
            (duplicates, backfill) = (duplicates + _duplicates[hour], backfill + _backfill[hour]);
        }

        return Task.FromResult(new ArrivalSigns(duplicates, backfill));
    }

    /// <summary>Takes in what single requests tell, and passes them on.</summary>
    private IEnumerable<TrafficEvent> Seen(IEnumerable<TrafficEvent> events)
    {
        var (codes, seen, hour) = (new Dictionary<TrafficLabels, int>(), new HashSet<(int, int, long, int, int)>(), 0L);
        foreach (var each in events)
        {
            var at = HourOf(each.At) - BaselineFrom;
            if (at != hour) seen.Clear();
            hour = at;
            ref var code = ref CollectionsMarshal.GetValueRefOrAddDefault(codes, each.Labels, out var isKnown);
            if (!isKnown)
            {
                code = _labels.Count;
                _labels.Add(each.Labels);
            }

            See(each, (int)at, code, seen);
            yield return each;
        }
    }

    private void See(in TrafficEvent each, int hour, int code, HashSet<(int, int, long, int, int)> seen)
    {
        var input = each.Input + each.CacheRead + each.CacheWrite;
        _attempts.Add(new(hour, code, each.User, input));

        // Two requests of one user and key in the same millisecond with the same tokens are one that was told twice, whatever their ids are.
        if (!seen.Add((code, each.User, each.At.Ticks, input, each.Output + each.Reasoning))) _duplicates[hour] += each.CostNanos;
        if (each.ArrivedAt - each.At > LateAfter) _backfill[hour] += each.CostNanos;
    }

    private static HourLine Line(TrafficSums sums, ImmutableArray<double> prices) => new(
        HourOf(sums.Hour), ValuesOf(sums.Labels), sums.Trigger.Length == 0 ? null : sums.Trigger, sums.Requests,
        [sums.Input, sums.CacheRead, sums.CacheWrite, sums.Output, sums.Reasoning], prices, sums.CostNanos);

    private static long HourOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 3_600;

    private static ImmutableArray<double> PricesOf(TrafficPrices prices) => [prices.Input, prices.CacheRead, prices.CacheWrite, prices.Output, prices.Output];

    private IEnumerable<Attempt> Attempts(long from, long to, Func<TrafficLabels, bool> isOf)
    {
        bool[] of = [.. _labels.Select(isOf)];
        var first = FirstAt(from);
        for (var i = first; i < _attempts.Count && _attempts[i].Hour < to - BaselineFrom; i++)
        {
            if (of[_attempts[i].Labels]) yield return _attempts[i];
        }
    }

    private int FirstAt(long hour)
    {
        var (low, high) = (0, _attempts.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_attempts[middle].Hour < hour - BaselineFrom) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private readonly record struct Attempt(int Hour, int Labels, int User, int Input);
}
