using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Scenarios;

/// <summary>Scenarios that are spikes: each makes all cost rise by 35 to 120 %, from an hour 8 to 36 hours before now.</summary>
internal static class Causes
{
    private static readonly SpikeVerdict[] Spike = [SpikeVerdict.Sustained];

    public static readonly Func<Traffic, Planted>[] All =
    [
        Organic, Bot, LeakedKey, ContextGrowth, Template, Output, Reasoning, CacheMiss, AutoSave, RetryStorm, Undo, ToolFailures, ListPrice, LostDiscount,
        Migration, Fallback, Launch, Triple,
    ];

    private static Planted Organic(Traffic traffic)
    {
        var factor = 1 + Rise(traffic);
        return Of(traffic, "organic", [SpikeCause.MoreUsers], [], (_, _, like) => like.Rate *= factor) with
        {
            Shape = new(1_000, 1_000 * factor, null, null, 1),
        };
    }

    private static Planted Bot(Traffic traffic)
    {
        var org = Pick(traffic, stream => stream.Org);
        var factor = Factor(traffic, stream => stream.Org == org);
        return Of(traffic, "bot", [SpikeCause.RequestsPerUser], [$"org {org}"], (stream, _, like) => like.Rate *= stream.Org == org ? factor : 1) with
        {
            Shape = new(200, 205, null, null, 1),
        };
    }

    private static Planted LeakedKey(Traffic traffic)
    {
        var like = traffic.Streams[traffic.Random.Next(traffic.Streams.Count)];
        var stolen = like with { Key = "key-new", Model = "deep", Provider = "p2" };
        var rate = Rise(traffic) * traffic.Streams.Sum(traffic.CostOf) / traffic.CostOf(stolen) * stolen.PerHour;
        traffic.Streams.Add(stolen with { PerHour = rate });
        var onset = Onset(traffic);
        return new("leaked key", Spike, [SpikeCause.NewKey], ["key key-new"], (stream, trigger, hour, behaviour) =>
        {
            if (stream.Key == "key-new" && (hour < onset || trigger is not null)) behaviour.Rate = 0;
        })
        { Onset = onset };
    }

    private static Planted ContextGrowth(Traffic traffic)
    {
        var (feature, onset) = (Pick(traffic, stream => stream.Feature), Onset(traffic));
        var factor = Factor(traffic, stream => stream.Feature == feature, parts: 3);
        return Of(traffic, "context", [SpikeCause.ContextGrowth], [$"feature {feature}"], (stream, _, like) =>
            like.Input *= stream.Feature == feature ? factor : 1) with
        {
            Shape = new(null, null, new(800, 3_000, 9_000), new(900, 4_000, 60_000), 1.1),
        };
    }

    private static Planted Template(Traffic traffic)
    {
        var feature = Pick(traffic, stream => stream.Feature);
        var factor = Factor(traffic, stream => stream.Feature == feature, parts: 3);
        return Of(traffic, "template", [SpikeCause.TemplateGrowth], [$"feature {feature}"], (stream, _, like) =>
            like.Input *= stream.Feature == feature ? factor : 1) with
        {
            Shape = new(null, null, new(800, 3_000, 9_000), new(2_600, 4_800, 10_800), 1),
        };
    }

    private static Planted Output(Traffic traffic)
    {
        var model = Pick(traffic, stream => stream.Model);
        var factor = Factor(traffic, stream => stream.Model == model, parts: 3);
        return Of(traffic, "output", [SpikeCause.OutputLength], [$"model {model}"], (stream, _, like) => like.Visible *= stream.Model == model ? factor : 1);
    }

    private static Planted Reasoning(Traffic traffic)
    {
        var (feature, factor) = (Pick(traffic, stream => stream.Feature), 0d);
        factor = Factor(traffic, stream => stream.Feature == feature, parts: 3);
        return Of(traffic, "reasoning", [SpikeCause.ReasoningEffort], [$"feature {feature}"], (stream, _, like) =>
            like.Reasoning += stream.Feature == feature ? (like.Reasoning + like.Visible) * (factor - 1) : 0);
    }

    private static Planted CacheMiss(Traffic traffic)
    {
        // A feature that is most of the cost, or its cache would not matter.
        var feature = Largest(traffic, stream => stream.Feature);
        for (var i = 0; i < traffic.Streams.Count; i++)
        {
            if (traffic.Streams[i].Feature == feature) traffic.Streams[i] = traffic.Streams[i] with { PerHour = traffic.Streams[i].PerHour * 3 };
        }

        return Of(traffic, "cache", [SpikeCause.CacheMiss], [$"feature {feature}"], (stream, _, like) =>
        {
            if (stream.Feature == feature) (like.CacheRead, like.CacheWrite) = (0.02, 0.9);
        });
    }

    private static Planted AutoSave(Traffic traffic) => Trigger(traffic, "auto_save", SpikeCause.AutoSave, 0.04);

    private static Planted Undo(Traffic traffic) => Trigger(traffic, "undo", SpikeCause.Undo, 0.02);

    private static Planted ToolFailures(Traffic traffic) => Trigger(traffic, "tool_retry", SpikeCause.ToolFailures, 0.015);

    private static Planted Trigger(Traffic traffic, string trigger, SpikeCause cause, double part)
    {
        var feature = Pick(traffic, stream => stream.Feature);
        var factor = 1 + (Factor(traffic, stream => stream.Feature == feature) - 1) / part;
        return Of(traffic, trigger, [cause], [$"feature {feature}"], (stream, of, like) =>
            like.Rate *= stream.Feature == feature && of == trigger ? factor : 1);
    }

    private static Planted RetryStorm(Traffic traffic)
    {
        var provider = Pick(traffic, stream => stream.Provider);
        var factor = 1 + (Factor(traffic, stream => stream.Provider == provider) - 1) / 0.03;
        return Of(traffic, "retry storm", [SpikeCause.RetryStorm], [$"provider {provider}"], (stream, of, like) =>
            like.Rate *= stream.Provider == provider && of == "retry" ? factor : 1);
    }

    private static Planted ListPrice(Traffic traffic)
    {
        var model = Largest(traffic, stream => stream.Model);
        var factor = Factor(traffic, stream => stream.Model == model);
        return Of(traffic, "list price", [SpikeCause.ListPrice], [$"model {model}"], (stream, _, like) =>
        {
            for (var sort = 0; stream.Model == model && sort < like.List.Length; sort++) like.List[sort] *= factor;
        });
    }

    private static Planted LostDiscount(Traffic traffic)
    {
        var org = Largest(traffic, stream => stream.Org);
        var factor = Factor(traffic, stream => stream.Org == org);
        return Of(traffic, "lost discount", [SpikeCause.EffectivePrice], [$"org {org}"], (stream, _, like) => like.Paid *= stream.Org == org ? factor : 1);
    }

    private static Planted Migration(Traffic traffic)
    {
        var feature = traffic.Streams.Where(stream => stream.Model is "small").GroupBy(stream => stream.Feature)
            .MaxBy(each => each.Sum(stream => stream.PerHour))!.Key;
        var moved = traffic.Streams.Where(stream => stream.Feature == feature && stream.Model is "small").ToList();
        var rise = Rise(traffic) * traffic.Streams.Sum(traffic.CostOf) / moved.Sum(stream => traffic.CostOf(stream with { Model = "big" }));

        // Large enough for its move to matter.
        for (var i = 0; i < traffic.Streams.Count; i++)
        {
            if (moved.Contains(traffic.Streams[i])) traffic.Streams[i] = traffic.Streams[i] with { PerHour = traffic.Streams[i].PerHour * Math.Max(1, rise) };
        }

        var onset = Onset(traffic);
        traffic.Streams.AddRange([.. traffic.Streams.Where(stream => stream.Feature == feature && stream.Model is "small").Select(
            stream => stream with { Model = "big", UsersPart = 7 })]);
        return new("migration", Spike, [SpikeCause.ModelMix], [$"feature {feature}"], (stream, _, hour, like) =>
        {
            if (stream.Feature != feature) return;
            if (stream.Model is "small" && hour >= onset) like.Rate = 0;
            if (stream is { Model: "big", UsersPart: 7 } && hour < onset) like.Rate = 0;
        })
        { Onset = onset };
    }

    private static Planted Fallback(Traffic traffic)
    {
        var onset = Onset(traffic);
        traffic.Streams.AddRange([.. traffic.Streams.Where(stream => stream.Provider is "p1").Select(
            stream => stream with { Provider = "p3", Model = "deep", UsersPart = 7 })]);
        return new("fallback", Spike, [SpikeCause.ModelMix], ["provider p3"], (stream, _, hour, like) =>
        {
            if (stream.Provider is "p1" && hour >= onset) like.Rate = 0;
            if (stream.Provider is "p3" && hour < onset) like.Rate = 0;
        })
        { Onset = onset };
    }

    private static Planted Launch(Traffic traffic)
    {
        var (onset, rise) = (Onset(traffic), Rise(traffic) * traffic.Streams.Sum(traffic.CostOf));
        for (var org = 0; org < 5; org++)
        {
            var like = traffic.Streams.First(stream => stream.Org == $"org-{org}") with { Feature = "feature-new" };
            traffic.Streams.Add(like with { PerHour = like.PerHour * rise / 5 / traffic.CostOf(like) });
        }

        return new("launch", Spike, [SpikeCause.NewSegment], ["feature feature-new"], (stream, _, hour, like) =>
        {
            if (stream.Feature == "feature-new" && hour < onset) like.Rate = 0;
        })
        { Onset = onset };
    }

    private static Planted Triple(Traffic traffic)
    {
        var one = traffic.Streams[traffic.Random.Next(traffic.Streams.Count)];
        bool IsOne(Stream stream) => stream.Org == one.Org && stream.Feature == one.Feature && stream.Model == one.Model;
        var factor = Factor(traffic, IsOne, parts: 3);
        return Of(traffic, "triple", [SpikeCause.TemplateGrowth], [$"org {one.Org}", $"feature {one.Feature}", $"model {one.Model}"],
            (stream, _, like) => like.Input *= IsOne(stream) ? factor : 1);
    }

    private static Planted Of(Traffic traffic, string name, SpikeCause[] causes, string[] place, Action<Stream, string?, Behaviour> change)
    {
        var onset = Onset(traffic);
        return new(name, Spike, causes, place, (stream, trigger, hour, like) =>
        {
            if (hour >= onset) change(stream, trigger, like);
        })
        { Onset = onset };
    }

    private static int Onset(Traffic traffic) => Traffic.Hours - traffic.Random.Next(8, 37);

    private static double Rise(Traffic traffic) => 0.35 + traffic.Random.NextDouble() * 0.85;

    /// <summary>By how much some streams must grow for all to cost so much more.</summary>
    /// <param name="parts">Where only a part of their cost grows: the tokens in, or out.</param>
    private static double Factor(Traffic traffic, Func<Stream, bool> isOf, double parts = 1)
    {
        var (all, own) = (traffic.Streams.Sum(traffic.CostOf), traffic.Streams.Where(isOf).Sum(traffic.CostOf));
        return 1 + Rise(traffic) * all / own * parts;
    }

    private static string Pick(Traffic traffic, Func<Stream, string> of) => of(traffic.Streams[traffic.Random.Next(traffic.Streams.Count)]);

    private static string Largest(Traffic traffic, Func<Stream, string> of) =>
        traffic.Streams.GroupBy(of).MaxBy(group => group.Sum(traffic.CostOf))!.Key;
}
