using Tieout.Core.Spike;

namespace Tieout.Core.Tests.Spike;

public sealed class MitigationCountsTests
{
    private static readonly MitigatedRequest Undo = new("editor", null, "key-1", "gpt-4o", "undo", "ann");

    // Goal: no period, wherever it begins, has more admitted requests than the limit; and what the limit has room for is not refused for longer than Wait says.
    // Method: random times; every admitted request is the end of a period that is counted from the list of all of them.
    [Fact]
    public void G2_no_period_has_more_requests_than_a_rate_limit_admits()
    {
        var random = new Random(7);
        for (var run = 0; run < 60; run++)
        {
            var (limit, period) = (random.Next(1, 12), TimeSpan.FromSeconds(random.Next(1, 4_000)));
            var counts = new MitigationCounts(Of(MitigationKind.RateLimit, new(Requests: limit, PeriodSeconds: (int)period.TotalSeconds)));
            var (admitted, now) = (new List<TimeSpan>(), TimeSpan.FromSeconds(random.Next(1_000_000)));
            for (var i = 0; i < 200; i++)
            {
                now += period * (random.NextDouble() * 3 / limit);
                if (counts.Enter(Undo, now) is not { } refused)
                {
                    admitted.Add(now);
                    continue;
                }

                // The slots reach back at most a sixtieth and a tick more than the period.
                var reach = (period * 62 / 60) + TimeSpan.FromMilliseconds(1);
                Assert.True(admitted.Count(at => at > now - reach) >= limit, $"run {run}: refused for nothing");
                Assert.True(refused.Wait > TimeSpan.Zero && refused.Wait <= reach, $"{refused.Wait} of {period}");
                var later = new MitigationCounts(Of(MitigationKind.RateLimit, new(Requests: limit, PeriodSeconds: (int)period.TotalSeconds)));
                foreach (var at in admitted) later.Enter(Undo, at);
                Assert.Null(later.Enter(Undo, now + refused.Wait));
            }

            foreach (var end in admitted) Assert.True(admitted.Count(at => at > end - period && at <= end) <= limit, $"run {run}");
        }
    }

    [Fact]
    public void Each_value_of_a_star_has_a_count_of_its_own_and_everything_else_shares_one()
    {
        var counts = new MitigationCounts(
            Of(MitigationKind.RateLimit, new(Requests: 1, PeriodSeconds: 60), new(Feature: "editor", Trigger: "undo", User: MitigationScope.Each)));
        Assert.Null(counts.Enter(Undo, TimeSpan.Zero));
        Assert.NotNull(counts.Enter(Undo with { Key = "key-2", Model = "other" }, TimeSpan.Zero));
        Assert.Null(counts.Enter(Undo with { User = "bob" }, TimeSpan.Zero));
        counts.TakeBack(Undo, TimeSpan.Zero);
        Assert.Null(counts.Enter(Undo, TimeSpan.Zero));
    }

    [Theory]
    [InlineData("editor", "undo", "ann", true)]
    [InlineData("editor", "undo", null, false)]
    [InlineData("editor", null, "ann", false)]
    [InlineData("chat", "undo", "ann", false)]
    public void A_scope_covers_requests_that_have_every_value_it_names(string feature, string? trigger, string? user, bool covers) =>
        Assert.Equal(
            covers,
            new MitigationScope(Feature: "editor", Trigger: "undo", User: MitigationScope.Each).Covers(
                Undo with { Feature = feature, Trigger = trigger, User = user }));

    [Fact]
    public void A_retry_budget_admits_a_part_of_the_first_work_and_a_floor()
    {
        var counts = new MitigationCounts(Of(MitigationKind.RetryBudget, new(Percent: 20, Floor: 3)));
        var (first, retry, now) = (Undo with { Trigger = null }, Undo with { Trigger = "retry" }, TimeSpan.FromMinutes(5));
        for (var i = 0; i < 3; i++) Assert.Null(counts.Enter(retry, now));
        Assert.Equal((3, 3), counts.Enter(retry, now) is { } full ? (full.Count, full.Limit) : default);

        for (var i = 0; i < 50; i++) Assert.Null(counts.Enter(first, now));
        for (var i = 0; i < 7; i++) Assert.Null(counts.Enter(i % 2 == 0 ? retry : Undo, now));
        Assert.Equal((10, 10), counts.Enter(retry, now) is { } share ? (share.Count, share.Limit) : default);

        // Both are forgotten after a minute and a sixtieth.
        now += TimeSpan.FromSeconds(61);
        Assert.Equal(3, Enumerable.Range(0, 10).Count(_ => counts.Enter(retry, now) is null));
    }

    [Fact]
    public void States_are_bounded_and_the_caller_that_was_seen_longest_ago_is_forgotten()
    {
        var states = new CallerStates<object>(3, () => new());
        MitigatedCaller User(string name) => new(null, null, null, null, null, name);
        var (a, b) = (states.Of(User("a")), states.Of(User("b")));
        states.Of(User("c"));
        Assert.Same(a, states.Of(User("a")));
        states.Of(User("d"));

        Assert.Equal(3, states.Count);
        Assert.Same(a, states.Of(User("a")));
        Assert.NotSame(b, states.Of(User("b")));
        for (var i = 0; i < 1_000; i++) states.Of(User($"u{i}"));
        Assert.Equal(3, states.Count);
    }

    // Closed until five failures in a row, open for a minute, then one probe: its result closes it or opens it again.
    [Fact]
    public void A_breaker_opens_after_failures_in_a_row_and_one_probe_decides()
    {
        var (breaker, rule, now) = (new ToolBreaker(), new MitigationRule(), TimeSpan.FromHours(1));
        bool Stops(int failures) => breaker.Stops(rule, new("search", failures, 0), now);
        for (var failures = 1; failures < 5; failures++) Assert.False(Stops(failures));
        Assert.True(Stops(5));
        now += TimeSpan.FromSeconds(59);
        Assert.True(Stops(6));
        now += TimeSpan.FromSeconds(1);
        Assert.False(Stops(6));
        Assert.True(Stops(7));
        now += TimeSpan.FromSeconds(60);
        Assert.False(Stops(7));
        Assert.False(Stops(0));
        Assert.False(Stops(1));

        // The same call again and again, without a mark of failure.
        Assert.False(breaker.Stops(rule, new("search", 0, 2), now));
        Assert.True(breaker.Stops(rule, new("search", 0, 3), now));
    }

    private static Mitigation Of(MitigationKind kind, MitigationRule rule, MitigationScope? scope = null) =>
        new("m-1", "acme", kind, scope ?? MitigationScope.Whole, rule, "ann", "r", DateTimeOffset.MaxValue, 1, "admin", default);
}
