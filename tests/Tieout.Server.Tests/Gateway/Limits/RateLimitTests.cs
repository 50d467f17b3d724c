using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Limits;
using Tieout.Tests;

namespace Tieout.Server.Tests.Gateway.Limits;

/// <summary>Limits let in what they say, are fair between keys, and never lose a place.</summary>
public sealed class RateLimitTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Requests_refill_evenly_and_the_wait_is_told()
    {
        var limits = new RateLimits(_clock);
        var rules = Rules(requests: 60);

        Assert.Equal(60, Enumerable.Range(0, 100).Count(_ => Enter(limits, rules)));
        using (var refused = limits.Enter(rules, Key("a"), "m", 0))
        {
            Assert.Equal("rate_limit_exceeded", refused.Refusal?.Error.Code);
            Assert.Equal(TimeSpan.FromSeconds(1), refused.RetryAfter);
            var headers = new HeaderDictionary();
            refused.WriteTo(headers, OpenAiDialect.Instance, _clock);
            string[] told = [.. new[] { "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", "Retry-After" }.Select(
                name => headers[name].ToString())];
            Assert.Equal(["60", "0", "1m0s", "1"], told);
        }

        _clock.Move(5);
        Assert.Equal(5, Enumerable.Range(0, 100).Count(_ => Enter(limits, rules)));
        Assert.Equal(0, limits.InFlight);
    }

    [Fact]
    public void Tokens_are_estimated_first_and_put_right_afterwards()
    {
        var limits = new RateLimits(_clock);
        var rules = Rules(tokens: 1_000);

        using (var first = limits.Enter(rules, Key("a"), "m", 600)) first.Used(100);
        Assert.True(Enter(limits, rules, tokens: 900));

        // Nothing told: what was estimated stands, and the bucket is empty.
        Assert.False(Enter(limits, rules, tokens: 10));
        _clock.Move(60);
        using (var deep = limits.Enter(rules, Key("a"), "m", 10)) deep.Used(3_000);
        _clock.Move(60);
        Assert.False(Enter(limits, rules, tokens: 10));
        _clock.Move(61);
        Assert.True(Enter(limits, rules, tokens: 10));
    }

    [Fact]
    public void A_request_larger_than_the_limit_passes_when_the_bucket_is_full()
    {
        var limits = new RateLimits(_clock);

        Assert.True(Enter(limits, Rules(tokens: 1_000), tokens: 5_000));
        Assert.False(Enter(limits, Rules(tokens: 1_000), tokens: 5_000));
    }

    [Fact]
    public void Places_are_given_back_whatever_refuses_later()
    {
        var limits = new RateLimits(_clock);
        ImmutableArray<LimitRule> rules = [.. Rules(concurrency: 2), new(null, null, null, "m", 1, null, null)];

        using (var one = limits.Enter(rules, Key("a"), "m", 0))
        {
            Assert.Null(one.Refusal);
            using var two = limits.Enter(rules, Key("a"), "m", 0);
            Assert.NotNull(two.Refusal);
            Assert.Equal(2, limits.InFlight);
        }

        Assert.Equal(0, limits.InFlight);
    }

    [Fact]
    public void One_keys_burst_leaves_room_for_another()
    {
        var limits = new RateLimits(_clock);
        var rules = Rules(requests: 600, org: "acme");
        var (greedy, modest) = (0, 0);

        // A hundred seconds: ten a second can be served. One key asks without end, the other twice a second.
        for (var tick = 0; tick < 1_000; tick++)
        {
            for (var i = 0; i < 20; i++) greedy += Enter(limits, rules, key: "greedy") ? 1 : 0;
            if (tick % 5 == 0) modest += Enter(limits, rules, key: "modest") ? 1 : 0;
            _clock.Move(0.1);
        }

        // 1,000 refills and 600 at the beginning, of which the modest key asked for 200 and half a bucket stays.
        Assert.InRange(modest, 190, 200);
        Assert.InRange(greedy, 1_050, 1_410);
    }

    [Fact]
    public void One_keys_long_requests_leave_places_for_another()
    {
        var limits = new RateLimits(_clock);
        var rules = Rules(concurrency: 10, org: "acme");
        var greedy = new List<Permit>();
        for (var i = 0; i < 20; i++) greedy.Add(limits.Enter(rules, Key("greedy"), "m", 0));
        Assert.Equal(10, greedy.Count(permit => permit.Refusal is null));

        // The other comes while all is taken; from then on each place that is freed is its, up to its half.
        Assert.NotNull(limits.Enter(rules, Key("modest"), "m", 0).Refusal);
        var modest = new List<Permit>();
        foreach (var held in greedy.Where(permit => permit.Refusal is null).Take(5))
        {
            held.Dispose();
            Assert.NotNull(limits.Enter(rules, Key("greedy"), "m", 0).Refusal);
            modest.Add(limits.Enter(rules, Key("modest"), "m", 0));
        }

        Assert.All(modest, permit => Assert.Null(permit.Refusal));
        foreach (var permit in greedy.Concat(modest)) permit.Dispose();
        Assert.Equal(0, limits.InFlight);
    }

    [Theory]
    [InlineData("acme", null, null, null, true)]
    [InlineData("other", null, null, null, false)]
    [InlineData("*", null, null, "m", true)]
    [InlineData(null, null, null, "other", false)]
    [InlineData(null, "*", null, null, false)]
    [InlineData(null, null, "a", null, true)]
    public void A_rule_holds_for_whom_it_names(string? org, string? team, string? key, string? model, bool holds)
    {
        var limits = new RateLimits(_clock);
        ImmutableArray<LimitRule> rules = [new(org, team, key, model, 1, null, null)];

        Assert.True(Enter(limits, rules));
        Assert.Equal(!holds, Enter(limits, rules));
    }

    [Fact]
    public void A_star_gives_each_its_own()
    {
        var limits = new RateLimits(_clock);
        ImmutableArray<LimitRule> rules = [new(null, null, "*", null, 1, null, null)];

        Assert.True(Enter(limits, rules, key: "a"));
        Assert.True(Enter(limits, rules, key: "b"));
        Assert.False(Enter(limits, rules, key: "a"));
    }

    [Fact]
    public async Task Over_http_the_limit_is_told_and_no_place_is_ever_lost()
    {
        await using var world = await World.StartAsync(change: options => options with { Limits = [new("acme", null, null, null, 1_000, null, 1)] });
        foreach (var (body, fault) in new[] { (World.Hello, "none"), (World.Hello, "500"), (World.Hello, "cut:5"), (World.HelloStream, "cut:1"), (World.Hello,
            "429"), ("{}", "none"), (World.HelloStream, "none") })
        {
            try
            {
                using var response = await world.ChatAsync(body, $"X-Sim-Fault: {fault}");
                await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                if (body != "{}") Assert.Equal("1000", response.Headers.GetValues("x-ratelimit-limit-requests").Single());
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException)
            {
                // As it should be, with these.
            }

            await World.SoonAsync(
                () => Task.FromResult(world.Server.Services.GetRequiredService<RateLimits>().InFlight == 0), $"the place is free after {fault}");
        }

        var slow = world.ChatAsync(World.Hello, "X-Sim-Fault: slow:500");
        await World.SoonAsync(() => Task.FromResult(world.Server.Services.GetRequiredService<RateLimits>().InFlight == 1), "the slow one is in");
        using (var refused = await world.ChatAsync(World.Hello))
        {
            Assert.Equal(429, (int)refused.StatusCode);
            Assert.Equal("rate_limit_exceeded", (await World.JsonAsync(refused)).GetProperty("error").GetProperty("code").GetString());
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.False(refused.Headers.Contains("x-should-retry"));
        }

        (await slow).Dispose();
        await World.SoonAsync(() => Task.FromResult(world.Server.Services.GetRequiredService<RateLimits>().InFlight == 0), "the slow one is out");
    }

    private static bool Enter(RateLimits limits, ImmutableArray<LimitRule> rules, string key = "a", long tokens = 0)
    {
        using var permit = limits.Enter(rules, Key(key), "m", tokens);
        return permit.Refusal is null;
    }

    private static ImmutableArray<LimitRule> Rules(long? requests = null, long? tokens = null, long? concurrency = null, string? org = "*") =>
        [new(org, null, null, null, requests, tokens, concurrency)];

    private static ApiKey Key(string id) => new(id, "acme", null, null, null, "", false, DateTimeOffset.UnixEpoch);
}
