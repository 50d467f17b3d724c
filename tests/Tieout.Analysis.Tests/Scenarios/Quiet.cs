using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Scenarios;

/// <summary>Scenarios in which nothing may be named.</summary>
internal static class Quiet
{
    public static readonly Func<Traffic, Planted>[] All = [Nothing, OneHour, Growth, Fall, ColdStart, Duplicates, Backfill, PriceFix, CountedTwice];

    private static Planted Nothing(Traffic traffic) => Of("nothing", [SpikeVerdict.None, SpikeVerdict.Blip], (_, _, _, _) => { });

    private static Planted OneHour(Traffic traffic)
    {
        var hour = Traffic.Hours - traffic.Random.Next(4, 40);
        return Of("one hour", [SpikeVerdict.Blip, SpikeVerdict.None], (_, _, at, like) => like.Rate *= at == hour ? 3 : 1);
    }

    private static Planted Growth(Traffic traffic)
    {
        var daily = 1.03 + traffic.Random.NextDouble() * 0.02;
        return Of("growth", [SpikeVerdict.None, SpikeVerdict.Benign], (_, _, hour, like) => like.Rate *= Math.Pow(daily, hour / 24d));
    }

    private static Planted Fall(Traffic traffic) => Of("fall", [SpikeVerdict.None], (_, _, hour, like) => like.Rate *= hour >= Traffic.BaselineHours ? 0.3 : 1);

    private static Planted ColdStart(Traffic traffic) => Of("cold start", [SpikeVerdict.InsufficientBaseline], (_, _, hour, like) =>
        like.Rate *= hour >= Traffic.BaselineHours ? 2 : 1) with
    { Since = Traffic.BaselineHours - 48 };

    private static Planted Duplicates(Traffic traffic)
    {
        var cost = traffic.Streams.Sum(traffic.CostOf);
        return Of("duplicates", [SpikeVerdict.Metering], (_, _, hour, like) => like.Rate *= hour >= Traffic.Hours - 20 ? 2 : 1) with
        {
            Signs = new((Int128)(cost * 20), 0),
            Metering = MeteringCause.Duplicates,
        };
    }

    private static Planted Backfill(Traffic traffic)
    {
        var cost = traffic.Streams.Sum(traffic.CostOf);
        return Of("backfill", [SpikeVerdict.Metering], (_, _, hour, like) => like.Rate *= hour >= Traffic.Hours - 20 ? 1.8 : 1) with
        {
            Signs = new(0, (Int128)(cost * 16)),
            Metering = MeteringCause.Backfill,
        };
    }

    /// <summary>Tokens read from the cache were free by mistake.</summary>
    private static Planted PriceFix(Traffic traffic) => Of("price fix", [SpikeVerdict.Metering], (_, _, hour, like) =>
    {
        (like.CacheRead, like.Visible, like.Reasoning) = (0.8, 20, 0);
        like.List[1] = hour >= Traffic.Hours - 24 ? like.List[0] * 0.5 : 0;
    }) with
    { Metering = MeteringCause.PriceBook };

    private static Planted CountedTwice(Traffic traffic) => Of("counted twice", [SpikeVerdict.Metering], (_, _, hour, like) =>
    {
        if (hour < Traffic.Hours - 24) return;
        var read = like.Input * like.CacheRead;
        like.CacheRead = read / (like.Input + read);
        like.CacheWrite *= like.Input / (like.Input + read);
        like.Input += read;
    }) with
    { Metering = MeteringCause.UsageShape };

    private static Planted Of(string name, SpikeVerdict[] verdicts, Action<Stream, string?, int, Behaviour> inject) => new(name, verdicts, [], [], inject);
}
