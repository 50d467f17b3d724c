using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;

namespace Tieout.Analysis.Tests.Scenarios;

/// <summary>Nine days of requests with days and nights, weekends and noise; of the last two something may be injected.</summary>
internal sealed class Traffic
{
    public const int BaselineHours = 168, Hours = BaselineHours + 48;

    private static readonly string?[] Triggers = [null, "retry", "undo", "auto_save", "tool_retry"];

    private static readonly double[] TriggerParts = [1, 0.03, 0.02, 0.04, 0.015];

    private readonly Random _random;
    private readonly double _noise;
    private readonly Dictionary<string, (double Input, double Visible, double Reasoning, double Read)> _features = [];
    private readonly Dictionary<string, double[]> _lists = [];

    public Traffic(int seed)
    {
        _random = new Random(seed);
        _noise = 0.02 + _random.NextDouble() * 0.08;
        (string Provider, string Model, double Price)[] models = [("p1", "small", 150), ("p1", "big", 2_500), ("p2", "lite", 250), ("p2", "deep", 3_000)];
        foreach (var (_, model, price) in models) _lists[model] = [price, price * 0.1, price * 1.25, price * 4, price * 4];
        for (var f = 0; f < 6; f++)
        {
            _features[$"feature-{f}"] = (_random.Next(800, 6_000), _random.Next(150, 900), _random.Next(0, 300), 0.3 + _random.NextDouble() * 0.4);
        }

        for (var org = 0; org < 5; org++)
        {
            foreach (var feature in _features.Keys)
            {
                var (first, second) = (_random.Next(4), _random.Next(4));
                var size = Math.Exp(Normal() * 0.7) * 120;
                Add(org, feature, models[first], size);
                if (second != first) Add(org, feature, models[second], size * 0.3);
            }
        }

        void Add(int org, string feature, (string Provider, string Model, double) model, double size) => Streams.Add(new(
            $"org-{org}", $"team-{org}-{_random.Next(2)}", feature, model.Provider, model.Model, $"key-{org}-{_random.Next(3)}", size, 0.1));
    }

    public List<Stream> Streams { get; } = [];

    public Random Random => _random;

    /// <summary>What requests of a stream are like before anything is injected.</summary>
    public Behaviour Usual(Stream stream)
    {
        var (input, visible, reasoning, read) = _features.GetValueOrDefault(stream.Feature, (2_000, 300, 0, 0.4));
        return new() { Input = input, Visible = visible, Reasoning = reasoning, CacheRead = read, CacheWrite = 0.06, List = [.. _lists[stream.Model]] };
    }

    /// <summary>What the requests of an hour cost, if all were primary: to size an injection.</summary>
    public double CostOf(Stream stream)
    {
        var like = Usual(stream);
        var read = like.Input * like.CacheRead;
        var write = like.Input * like.CacheWrite;
        return stream.PerHour * ((like.Input - read - write) * like.List[0] + read * like.List[1] + write * like.List[2]
            + (like.Visible + like.Reasoning) * like.List[3]);
    }

    /// <param name="inject">Of a stream, a trigger and an hour.</param>
    public List<HourLine> Lines(Action<Stream, string?, int, Behaviour> inject)
    {
        var lines = new List<HourLine>();
        for (var hour = 0; hour < Hours; hour++)
        {
            var common = Season(hour) * Math.Exp(Normal() * _noise);
            foreach (var stream in Streams)
            {
                var own = common * Math.Exp(Normal() * _noise);
                for (var t = 0; t < Triggers.Length; t++)
                {
                    var like = Usual(stream);
                    inject(stream, Triggers[t], hour, like);
                    if (Line(stream, Triggers[t], hour, Poisson(stream.PerHour * TriggerParts[t] * own * like.Rate), like) is { } line) lines.Add(line);
                }
            }
        }

        return lines;
    }

    public static HourPoint Point(int hour, double value) => new(hour, hour % 24, IsWeekend(hour), value);

    // The first day is a Wednesday, so that the last two are a Wednesday and a Thursday.
    public static bool IsWeekend(int hour) => (hour / 24 + 2) % 7 is 5 or 6;

    private static double Season(int hour) => (1 + 0.6 * Math.Sin((hour % 24 - 8) * Math.PI / 12)) * (IsWeekend(hour) ? 0.6 : 1);

    private HourLine? Line(Stream stream, string? trigger, int hour, long attempts, Behaviour like)
    {
        if (attempts == 0) return null;
        var (input, visible, reasoning) = (attempts * like.Input * Wobble(), attempts * like.Visible * Wobble(), attempts * like.Reasoning * Wobble());
        var (read, write) = (Math.Round(input * Math.Min(0.98, like.CacheRead * Wobble())), Math.Round(input * Math.Min(0.9, like.CacheWrite * Wobble())));
        double[] tokens = [Math.Max(0, Math.Round(input) - read - write), read, write, Math.Round(visible), Math.Round(reasoning)];
        var cost = tokens.Zip(like.List, (count, price) => count * price).Sum() * like.Paid;
        return new(hour, stream.Values, trigger, attempts, [.. tokens], [.. like.List], (Int128)Math.Round(cost));
    }

    private double Wobble() => Math.Exp(Normal() * 0.02);

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    private long Poisson(double mean)
    {
        if (mean > 30) return Math.Max(0, (long)Math.Round(mean + Math.Sqrt(mean) * Normal()));
        var (limit, product, count) = (Math.Exp(-mean), _random.NextDouble(), 0L);
        while (product > limit)
        {
            product *= _random.NextDouble();
            count++;
        }

        return count;
    }
}
