using Tieout.Analysis.Preview;
using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Core.Spike;

namespace Tieout.Analysis.Tests.Preview;

public sealed class MitigationReplayTests
{
    private static readonly MitigatedRequest Save = new("editor", null, "key-1", "gpt-4o", "auto_save", "ann");

    [Fact]
    public void A_rate_limit_is_replayed_with_the_counts_of_the_gateway()
    {
        var replay = Replay(MitigationKind.RateLimit, new(Requests: 3, PeriodSeconds: 60), new(Trigger: "undo", User: "*"));
        for (var i = 0; i < 10; i++)
        {
            replay.Add(At(i, Save with { Trigger = "undo" }));
            replay.Add(At(i, Save with { Trigger = "undo", User = "bob" }));
            replay.Add(At(i, Save));
        }

        var figures = replay.Figures();
        Assert.Equal((30, 20, 14, 2), (figures.Requests, figures.Covered, figures.Touched, figures.Users));
        Assert.Equal((Amount.Major(30), Amount.Major(14)), (figures.Cost, figures.Saved));
        Assert.Equal(46.67, figures.Percent, 2);
        Assert.Null(figures.PlusMinus);
    }

    // One save each second, and at most one each five seconds goes: those at 0, 5, 10 ... seconds; the last one waits and goes.
    [Fact]
    public void Of_saves_that_wait_the_newest_goes()
    {
        var replay = Replay(MitigationKind.Coalesce, new(WaitSeconds: 5), new(Trigger: "auto_save"));
        for (var i = 0; i < 60; i++) replay.Add(At(i, Save));
        replay.Add(At(60, Save with { User = null }));

        // At 0; then one every five seconds, the newest of 1..4, of 5..9 and so on up to 59.
        Assert.Equal(60 - 13, replay.Figures().Touched);
    }

    [Fact]
    public void A_cap_refuses_what_would_take_an_hour_above_it()
    {
        var replay = Replay(MitigationKind.CostCap, new(LimitNanos: Amount.Major(3).Nanos), new(Feature: "editor"));
        for (var hour = 0; hour < 4; hour++)
        {
            for (var i = 0; i < 5; i++) replay.Add(At(hour * 3_600 + i, Save));
        }

        var figures = replay.Figures();
        Assert.Equal((8, Amount.Major(8), 40.0), (figures.Touched, figures.Saved, figures.Percent));

        // Every hour is like the others, so there is no doubt.
        Assert.Equal(0.0, figures.PlusMinus!.Value, 6);
    }

    // Goal: the interval says what it says. Method: random hours; the share of another day is in the interval of the first in about 19 of 20 cases.
    [Fact]
    public void The_interval_has_the_share_of_what_comes_next()
    {
        var (random, within, runs) = (new Random(3), 0, 400);
        for (var run = 0; run < runs; run++)
        {
            var (one, other) = (Day(random), Day(random));
            var width = Math.Sqrt(2) * one.PlusMinus!.Value;
            if (Math.Abs(one.Percent - other.Percent) <= width) within++;
        }

        Assert.InRange(within, runs * 0.88, runs * 0.99);
    }

    private static ReplayFigures Day(Random random)
    {
        var replay = Replay(MitigationKind.Off, new(), new(Feature: "editor"));
        for (var hour = 0; hour < 24; hour++)
        {
            var count = random.Next(20, 60);
            for (var i = 0; i < count; i++) replay.Add(At(hour * 3_600 + i, random.NextDouble() < 0.4 ? Save : Save with { Feature = "chat" }));
        }

        return replay.Figures();
    }

    private static MitigationReplay Replay(MitigationKind kind, MitigationRule rule, MitigationScope scope) =>
        new(new("m", "acme", kind, scope, rule, "ann", "r", DateTimeOffset.MaxValue, 1, "", default), TimeZoneInfo.Utc);

    private static ReplayedRequest At(int second, MitigatedRequest request) =>
        new(request, new Instant(500_000 * Instant.MicrosPerHour) + TimeSpan.FromSeconds(second), null, Amount.Major(1), Amount.Major(1));
}
