using System.Net;
using System.Net.Http.Headers;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Tests;

namespace Tieout.Server.Tests.Gateway.Routing;

/// <summary>Which upstream is asked, and when it is left alone.</summary>
public sealed class UpstreamSelectorTests
{
    // Each row: priority/weight, x = excluded; the number drawn; who is chosen.
    [Theory]
    [InlineData("0/1", 7UL, 0)]
    [InlineData("0/1x", 7UL, -1)]
    [InlineData("", 7UL, -1)]
    [InlineData("1/1 0/1", 0UL, 1)]
    [InlineData("1/1 0/1x", 0UL, 0)]
    [InlineData("0/1 0/3", 0UL, 0)]
    [InlineData("0/1 0/3", 1UL, 1)]
    [InlineData("0/1 0/3", 3UL, 1)]
    [InlineData("0/1 0/3", 4UL, 0)]
    [InlineData("0/1 9/1 0/3x 0/2", 1UL, 3)]
    [InlineData("0/1x 9/1 0/3x 5/2", 1UL, 3)]
    public void The_lowest_priority_first_and_within_it_by_weight(string candidates, ulong number, int chosen) =>
        Assert.Equal(chosen, UpstreamSelector.Next(Candidates(candidates), number));

    [Fact]
    public void Each_is_chosen_as_often_as_its_weight_says()
    {
        var candidates = Candidates("0/1 0/3 0/6 1/5");
        var chosen = new int[4];
        for (var i = 0; i < 10_000; i++) chosen[UpstreamSelector.Next(candidates, UpstreamSelector.Number($"operation-{i}", 1))]++;

        Assert.Equal(0, chosen[3]);
        Assert.InRange(chosen[0], 900, 1_100);
        Assert.InRange(chosen[1], 2_800, 3_200);
        Assert.InRange(chosen[2], 5_800, 6_200);
    }

    [Fact]
    public async Task A_breaker_opens_after_failures_in_a_row_lets_one_try_and_closes_when_that_goes_well()
    {
        var clock = new ManualClock();
        var breaker = new Breaker(new(3, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10)), clock);

        for (var i = 0; i < 2; i++) await SendAsync(breaker, UpstreamOutcome.ServerError);
        Assert.False(breaker.IsOpen);
        await SendAsync(breaker, UpstreamOutcome.NoAnswer);
        Assert.Equal((true, "open", "no_answer"), (breaker.IsOpen, breaker.State, breaker.LastError?.What));
        Assert.Equal(UpstreamOutcome.CircuitOpen, (await SendAsync(breaker, UpstreamOutcome.Answered)).Outcome);

        clock.Move(10.1);
        Assert.Equal((false, "half_open"), (breaker.IsOpen, breaker.State));
        await SendAsync(breaker, UpstreamOutcome.ServerError);
        Assert.True(breaker.IsOpen);

        clock.Move(10.1);
        Assert.Equal(UpstreamOutcome.Answered, (await SendAsync(breaker, UpstreamOutcome.Answered)).Outcome);
        Assert.Equal("closed", breaker.State);
    }

    [Fact]
    public async Task Being_limited_or_given_up_by_a_client_is_no_failure_of_the_upstream()
    {
        var breaker = new Breaker(new(2, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10)), new ManualClock());

        for (var i = 0; i < 10; i++)
        {
            await SendAsync(breaker, UpstreamOutcome.TooMany);
            await SendAsync(breaker, UpstreamOutcome.Abandoned);
        }

        Assert.Equal(("closed", "429"), (breaker.State, breaker.LastError?.What));
    }

    [Fact]
    public async Task A_breaker_that_nobody_asked_for_never_leaves_the_only_upstream_alone()
    {
        var breaker = new Breaker(options: null, new ManualClock());

        for (var i = 0; i < 100; i++) await SendAsync(breaker, UpstreamOutcome.Unreachable);

        Assert.Equal((false, "closed", "unreachable"), (breaker.IsOpen, breaker.State, breaker.LastError?.What));
    }

    [Theory]
    [InlineData("Retry-After", "3", 3_000)]
    [InlineData("Retry-After-Ms", "40", 40)]
    [InlineData("Retry-After", "Tue, 10 Mar 2026 12:00:05 GMT", 5_000)]
    [InlineData("Retry-After", "Tue, 10 Mar 2026 11:00:00 GMT", 0)]
    [InlineData("Retry-After", "soon", null)]
    [InlineData("X-Other", "1", null)]
    public void Retry_After_is_read_in_every_form(string name, string value, int? ms)
    {
        using var head = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        head.Headers.TryAddWithoutValidation(name, value);

        Assert.Equal(ms is { } wait ? TimeSpan.FromMilliseconds(wait) : null, Reply.Of(Answer(head)).RetryAfter(new ManualClock().GetUtcNow()));
    }

    [Fact]
    public void A_request_tries_each_upstream_once_then_its_fallbacks_and_no_more()
    {
        using var routes = Routes("""
            providers:
              a: { base_url: "http://127.0.0.1:1" }
              b: { base_url: "http://127.0.0.1:2" }
            models:
              - { name: main, upstreams: [ { provider: a, model: x, priority: 1 }, { provider: b, model: x } ], fallbacks: [other] }
              - { name: other, upstreams: [ { provider: a, model: y } ], fallbacks: [last] }
              - { name: last, upstreams: [ { provider: a, model: z } ] }
            """);

        Assert.Equal(["b/x ", "a/x fallback", "a/y fallback", "a/z fallback"], Way(routes.Find("main")!, new Reply(UpstreamOutcome.ServerError)));
    }

    [Fact]
    public void With_retries_it_begins_again_and_pauses_longer_each_time()
    {
        using var routes = Routes("""
            providers: { a: { base_url: "http://127.0.0.1:1" } }
            models:
              - { name: main, upstreams: [ { provider: a, model: x } ], retries: { attempts_max: 4, backoff: 100ms } }
            """);

        Assert.Equal(
            ["a/x ", "a/x retry after 100", "a/x retry after 200", "a/x retry after 400"], Way(routes.Find("main")!, new Reply(UpstreamOutcome.NoAnswer)));
    }

    [Fact]
    public void Our_own_pause_is_never_too_long_to_try_again_and_stops_growing()
    {
        using var routes = Routes("""
            providers: { a: { base_url: "http://127.0.0.1:1" } }
            models:
              - { name: long, upstreams: [ { provider: a, model: x } ], retries: { attempts_max: 3, backoff: 10s, retry_after_max: 2s } }
              - { name: many, upstreams: [ { provider: a, model: x } ], retries: { attempts_max: 5, backoff: 1s, retry_after_max: 3s } }
            """);

        Assert.Equal(["a/x ", "a/x retry after 10000", "a/x retry after 10000"], Way(routes.Find("long")!, new Reply(UpstreamOutcome.NoAnswer)));
        Assert.Equal(["a/x ", "a/x retry after 1000", "a/x retry after 2000", "a/x retry after 3000", "a/x retry after 3000"],
            Way(routes.Find("many")!, new Reply(UpstreamOutcome.NoAnswer)));
    }

    [Fact]
    public void A_provider_that_asks_for_more_patience_than_there_is_is_not_waited_for()
    {
        using var routes = Routes("""
            providers: { a: { base_url: "http://127.0.0.1:1" } }
            models:
              - { name: main, upstreams: [ { provider: a, model: x } ], retries: { attempts_max: 3, retry_after_max: 2s } }
            """);
        using var soon = new HttpResponseMessage(
            HttpStatusCode.TooManyRequests)
        { Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(2)) } };
        using var late = new HttpResponseMessage(
            HttpStatusCode.TooManyRequests)
        { Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(3)) } };

        Assert.Equal(["a/x ", "a/x retry after 2000", "a/x retry after 2000"], Way(routes.Find("main")!, Reply.Of(Answer(soon))));
        Assert.Equal(["a/x "], Way(routes.Find("main")!, Reply.Of(Answer(late))));
    }

    [Theory]
    [InlineData("[429]", 1)]
    [InlineData("[5xx, 429]", 3)]
    [InlineData("[]", 1)]
    [InlineData("[unreachable, no_answer]", 1)]
    public void Only_what_is_listed_is_tried_again(string on, int attempts)
    {
        using var routes = Routes($$"""
            providers: { a: { base_url: "http://127.0.0.1:1" } }
            models:
              - { name: main, upstreams: [ { provider: a, model: x } ], retries: { attempts_max: 3, on: {{on}} } }
            """);

        Assert.Equal(attempts, Way(routes.Find("main")!, new Reply(UpstreamOutcome.ServerError)).Count);
    }

    [Fact]
    public void A_new_configuration_keeps_what_has_not_changed()
    {
        const string before = """
            providers: { a: { base_url: "http://127.0.0.1:1", forward_headers: ["X-*"] }, b: { base_url: "http://127.0.0.1:2" } }
            models: [ { name: m, upstreams: [ { provider: a, model: x }, { provider: b, model: x } ] } ]
            """;
        using var one = Routes(before);
        using var two = new Routes(TieoutYaml.Read(before.Replace("127.0.0.1:2", "127.0.0.1:3", StringComparison.Ordinal), "t.yaml", _ => null), one);

        var (was, now) = (one.Find("m")!.Stages[0], two.Find("m")!.Stages[0]);
        Assert.Same(was[0].Upstream, now[0].Upstream);
        Assert.NotSame(was[1].Upstream, now[1].Upstream);
        Assert.Same(was[0].Breaker, now[0].Breaker);
    }

    private static Routes Routes(string yaml) => new(TieoutYaml.Read(yaml, "t.yaml", _ => null));

    private static List<string> Way(Route route, Reply reply)
    {
        var plan = new RoutePlan(route, ProviderDialect.OpenAi, default, "operation", 1, new ManualClock(), chance: () => 0);
        var way = new List<string>();
        var pause = TimeSpan.Zero;
        while (plan.Next() is { } target)
        {
            way.Add($"{target.Upstream.Options.Name}/{target.Model} {plan.Trigger}{(pause > TimeSpan.Zero ? $" after {pause.TotalMilliseconds}" : "")}");
            if (!plan.Continues(reply, out pause)) break;
        }

        return way;
    }

    private static UpstreamAnswer Answer(HttpResponseMessage answer) => new(answer, new ProviderSecrets([]));

    private static ValueTask<Reply> SendAsync(Breaker breaker, UpstreamOutcome went) => breaker.SendAsync(
        static went => ValueTask.FromResult(new Reply(went,
            went is UpstreamOutcome.ServerError ? Answer(new(HttpStatusCode.InternalServerError)) : went is UpstreamOutcome.TooMany
                ? Answer(new(HttpStatusCode.TooManyRequests)) : null)), went);

    private static UpstreamCandidate[] Candidates(string text) =>
    [
        .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part.TrimEnd('x').Split('/') is [var priority, var weight]
            ? new UpstreamCandidate(int.Parse(priority, System.Globalization.CultureInfo.InvariantCulture),
                int.Parse(weight, System.Globalization.CultureInfo.InvariantCulture), part.EndsWith('x'))
            : throw new FormatException(part)),
    ];
}
