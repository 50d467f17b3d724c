using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Tests.Blind;

namespace Tieout.Analysis.Tests.Baselines;

/// <summary>What the methods of others have in common: hours more than a fifth above the mean of the same hours of the clock.</summary>
/// <remarks>The rule of the runbook: ">20 % above baseline", sustained and not for one hour.</remarks>
internal sealed class ComparedHours
{
    private const double Above = 1.2;

    private readonly MeteredTraffic _traffic;
    private readonly int _days;

    public ComparedHours(MeteredTraffic traffic)
    {
        _traffic = traffic;
        _days = (int)(traffic.From - traffic.BaselineFrom) / 24;
        var costs = new double[traffic.To - traffic.BaselineFrom];
        foreach (var line in traffic.Lines(traffic.BaselineFrom, traffic.To)) costs[line.Hour - traffic.BaselineFrom] += (double)line.Cost;

        // The last hours in a row that are above; one as usual in between ends none.
        for (var hour = traffic.From; hour < traffic.To; hour++)
        {
            if (costs[hour - traffic.BaselineFrom] <= Above * Usual(costs, hour)) continue;
            if (To == 0 || hour - To > 1) From = hour;
            To = hour + 1;
        }

        Verdict = To == 0 ? SpikeVerdict.None : To - From < 2 ? SpikeVerdict.Blip : To >= traffic.To - 2 ? SpikeVerdict.Sustained : SpikeVerdict.Ended;
    }

    public SpikeVerdict Verdict { get; }

    public bool IsSpike => Verdict is SpikeVerdict.Sustained or SpikeVerdict.Ended;

    public long From { get; }

    public long To { get; }

    public int Onset => (int)(From - _traffic.BaselineFrom);

    /// <summary>The lines of the hours, and those of the baseline with what each counts.</summary>
    public IEnumerable<HourLine> Actual() => _traffic.Lines(From, To);

    public IEnumerable<(HourLine Line, double Weight)> Expected()
    {
        var times = Enumerable.Range(0, (int)(To - From)).GroupBy(i => (From + i) % 24)
            .ToDictionary(group => group.Key, group => (double)group.Count() / _days);
        foreach (var line in _traffic.Lines(_traffic.BaselineFrom, _traffic.From))
        {
            if (times.TryGetValue(line.Hour % 24, out var weight)) yield return (line, weight);
        }
    }

    /// <summary>What each value of a dimension should have cost and did.</summary>
    public Dictionary<string, (double Expected, double Actual)> By(int dimension)
    {
        var sums = new Dictionary<string, (double Expected, double Actual)>(StringComparer.Ordinal);
        foreach (var (line, weight) in Expected())
        {
            var sum = sums.GetValueOrDefault(line.Values[dimension]!);
            sums[line.Values[dimension]!] = (sum.Expected + (double)line.Cost * weight, sum.Actual);
        }

        foreach (var line in Actual())
        {
            var sum = sums.GetValueOrDefault(line.Values[dimension]!);
            sums[line.Values[dimension]!] = (sum.Expected, sum.Actual + (double)line.Cost);
        }

        return sums;
    }

    private double Usual(double[] costs, long hour)
    {
        var (first, sum) = ((hour - _traffic.BaselineFrom) % 24, 0d);
        for (var day = 0; day < _days; day++) sum += costs[first + 24 * day];
        return sum / _days;
    }
}
