using Tieout.Analysis.Preview;
using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
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

    // Prompts of 1,000 tokens that grow by 200 with each answer and question. Claude Sonnet costs $3 for a million tokens, 0.30 from the cache, 3.75 into it.
    [Fact]
    public void A_cut_saves_the_tokens_that_are_cut_off_where_there_is_no_cache()
    {
        var figures = Talk(new(Messages: 4, Block: 4), turns: 20, isCached: false);
        var cut = Enumerable.Range(0, 20).Sum(turn => 200L * 2 * (Math.Max(0, 2 * turn - 3) / 4));
        Assert.Equal((new Amount(cut * 3_000), Amount.Zero), (figures.Saved, figures.CacheLost));
        Assert.Equal(20 - 4, figures.Touched);
    }

    [Theory]
    [InlineData(60, 2, true)]
    [InlineData(60, 60, false)]
    [InlineData(4, 2, false)]
    public void A_cut_that_moves_with_every_turn_loses_more_cache_than_it_saves(int messages, int block, bool loses)
    {
        var figures = Talk(new(Messages: messages, Block: block), turns: 80, isCached: true);
        Assert.True(figures.Touched > 0 && figures.CacheLost > Amount.Zero);
        Assert.Equal(loses, figures.Saved < Amount.Zero);
    }

    // The first turn of a conversation that begins anew is not cut, and other conversations are not its beginning.
    [Fact]
    public void A_shorter_prompt_begins_a_new_conversation()
    {
        var replay = Replay(MitigationKind.Truncate, new(Messages: 2, Block: 2), new());
        foreach (var (session, tokens) in ((string, long)[])[("a", 100), ("a", 200), ("b", 1_000), ("a", 300), ("a", 100), ("a", 200)])
        {
            replay.Add(Prompt(session, tokens, 0));
        }

        Assert.Equal(1, replay.Figures().Touched);
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

    private static ReplayFigures Talk(MitigationRule rule, int turns, bool isCached)
    {
        var replay = Replay(MitigationKind.Truncate, rule, new(Feature: "editor"));
        for (var turn = 0; turn < turns; turn++) replay.Add(Prompt("talk", 1_000 + 200 * turn, isCached ? 800 + 200 * turn : 0));
        return replay.Figures();
    }

    /// <summary>A request whose prompt is read from the cache but for the end, which is written to it.</summary>
    private static ReplayedRequest Prompt(string session, long tokens, long cached)
    {
        var counts = new UsageCounts(tokens, cached, cached == 0 ? 0 : tokens - cached, 0, 0);
        var price = PriceBook.Builtin.Find("anthropic", "claude-sonnet-4-5", At(0, Save).At, PricePolicy.AtCost).Price!;
        var cost = price.Price(counts).Charge;
        return At(0, Save) with { Session = session, Cost = cost, Lowered = cost, Counts = counts, Price = price };
    }

    private static MitigationReplay Replay(MitigationKind kind, MitigationRule rule, MitigationScope scope) =>
        new(new("m", "acme", kind, scope, rule, "ann", "r", DateTimeOffset.MaxValue, 1, "", default), TimeZoneInfo.Utc);

    private static ReplayedRequest At(int second, MitigatedRequest request) =>
        new(request, new Instant(500_000 * Instant.MicrosPerHour) + TimeSpan.FromSeconds(second), null, Amount.Major(1), Amount.Major(1));
}
