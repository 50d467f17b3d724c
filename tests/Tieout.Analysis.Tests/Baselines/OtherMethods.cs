using Tieout.Analysis.Tests.Blind;
using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Baselines;

/// <summary>What is done without Tieout, as fairly as it can be: each method gets the same hours.</summary>
internal static class OtherMethods
{
    private static readonly Dictionary<string, string> Everywhere = [];

    public static readonly IReadOnlyDictionary<string, Func<MeteredTraffic, Said>> All = new Dictionary<string, Func<MeteredTraffic, Said>>
    {
        ["runbook"] = Runbook,
        ["largest change"] = LargestChange,
        ["adtributor"] = Adtributor,
    };

    /// <summary>The questions of the runbook in its order, with its threshold of a fifth and its quick reference; the first that finds something names the
    /// cause, and the feature that has more than half of the rise is where.</summary>
    public static Said Runbook(MeteredTraffic traffic)
    {
        var hours = new ComparedHours(traffic);
        if (!hours.IsSpike) return Said.Nothing with { Verdict = hours.Verdict };
        var (before, after) = (new Figures(), new Figures());
        foreach (var (line, weight) in hours.Expected()) before.Add(line, weight);
        foreach (var line in hours.Actual()) after.Add(line, 1);
        var week = hours.From - 168 >= traffic.BaselineFrom ? hours.From - 168 : traffic.BaselineFrom;
        var users = traffic.Users(hours.From, hours.To, _ => true) / Math.Max(1d, traffic.Users(week, week + hours.To - hours.From, _ => true));

        SpikeCause? cause = null;
        if (after.Requests > 1.2 * before.Requests) cause = users > 1.2 ? SpikeCause.MoreUsers : SpikeCause.RequestsPerUser;
        else if (after.Hidden / after.Requests > 1.2 * (before.Hidden / before.Requests)) cause = after.LargestTrigger(before);
        else if (after.Input / after.Requests > 1.2 * (before.Input / before.Requests)) cause = SpikeCause.ContextGrowth;
        else if (after.Output / after.Requests > 1.2 * (before.Output / before.Requests)) cause = SpikeCause.OutputLength;
        else if (after.ToolRetries / after.Requests > 1.2 * (before.ToolRetries / before.Requests)) cause = SpikeCause.ToolFailures;
        var features = hours.By(MeteredTraffic.Dimensions.IndexOf("feature"));
        var (rise, most) = (features.Values.Sum(each => each.Actual - each.Expected), features.MaxBy(each => each.Value.Actual - each.Value.Expected));
        var place = most.Value.Actual - most.Value.Expected > rise / 2 ? new() { ["feature"] = most.Key } : Everywhere;
        return new(hours.Verdict, [new(cause, place)], hours.Onset);
    }

    /// <summary>The value of any one label whose cost rose most, as cost tools list it.</summary>
    public static Said LargestChange(MeteredTraffic traffic)
    {
        var hours = new ComparedHours(traffic);
        if (!hours.IsSpike) return Said.Nothing with { Verdict = hours.Verdict };
        var (best, place) = (double.NegativeInfinity, Everywhere);
        for (var d = 0; d < MeteredTraffic.Dimensions.Length; d++)
        {
            foreach (var (value, sums) in hours.By(d))
            {
                if (sums.Actual - sums.Expected > best) (best, place) = (sums.Actual - sums.Expected, new() { [MeteredTraffic.Dimensions[d]] = value });
            }
        }

        return new(hours.Verdict, [new(null, place)], hours.Onset);
    }

    /// <summary>Adtributor (Bhagwan and others, NSDI 2014): the dimension whose shares moved most surprisingly, and of it the values that explain two thirds of
    /// the change, a tenth each at least.</summary>
    public static Said Adtributor(MeteredTraffic traffic)
    {
        const double EachMin = 0.1, AllMin = 0.67;
        var hours = new ComparedHours(traffic);
        if (!hours.IsSpike) return Said.Nothing with { Verdict = hours.Verdict };
        var (best, places) = (double.NegativeInfinity, new List<SaidCause>());
        for (var d = 0; d < MeteredTraffic.Dimensions.Length; d++)
        {
            var values = hours.By(d);
            var (expected, actual) = (values.Values.Sum(each => each.Expected), values.Values.Sum(each => each.Actual));
            var (explained, surprise, found) = (0d, 0d, new List<SaidCause>());
            foreach (var (value, power, own) in values
                .Select(each => (each.Key, Power: (each.Value.Actual - each.Value.Expected) / (actual - expected),
                    Surprise: Surprise(each.Value.Expected / expected, each.Value.Actual / actual)))
                .OrderByDescending(each => each.Surprise).ThenBy(each => each.Key, StringComparer.Ordinal))
            {
                if (power < EachMin) continue;
                (explained, surprise) = (explained + power, surprise + own);
                found.Add(new(null, new Dictionary<string, string> { [MeteredTraffic.Dimensions[d]] = value }));
                if (explained > AllMin) break;
            }

            if (explained > AllMin && surprise > best) (best, places) = (surprise, found);
        }

        return new(hours.Verdict, places.Count > 0 ? places : [new(null, Everywhere)], hours.Onset);
    }

    /// <summary>The part of a value in the Jensen and Shannon divergence of two distributions.</summary>
    private static double Surprise(double before, double after)
    {
        var middle = before + after;
        return 0.5 * (Term(before) + Term(after));

        double Term(double share) => share > 0 ? share * Math.Log(2 * share / middle) : 0;
    }

    private sealed class Figures
    {
        private readonly Dictionary<string, double> _triggers = new(StringComparer.Ordinal);

        public double Requests { get; private set; }

        public double Input { get; private set; }

        public double Output { get; private set; }

        public double Hidden => _triggers.GetValueOrDefault("undo") + _triggers.GetValueOrDefault("retry") + _triggers.GetValueOrDefault("auto_save");

        public double ToolRetries => _triggers.GetValueOrDefault("tool_retry");

        public void Add(Tieout.Analysis.Change.HourLine line, double weight)
        {
            Requests += line.Attempts * weight;
            Input += (line.Tokens[0] + line.Tokens[1] + line.Tokens[2]) * weight;
            Output += (line.Tokens[3] + line.Tokens[4]) * weight;
            if (line.Trigger is { } trigger) _triggers[trigger] = _triggers.GetValueOrDefault(trigger) + line.Attempts * weight;
        }

        public SpikeCause LargestTrigger(Figures before) => new[]
            {
                ("undo", SpikeCause.Undo), ("retry", SpikeCause.RetryStorm), ("auto_save", SpikeCause.AutoSave),
            }.MaxBy(each => _triggers.GetValueOrDefault(each.Item1) / Requests - before._triggers.GetValueOrDefault(each.Item1) / before.Requests).Item2;
    }
}
