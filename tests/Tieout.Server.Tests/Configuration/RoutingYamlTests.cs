using Tieout.Server.Configuration;

namespace Tieout.Server.Tests.Configuration;

/// <summary>What <c>tieout.yaml</c> says of routes, retries, breakers and limits; and that what it cannot mean is refused with its place.</summary>
public sealed class RoutingYamlTests
{
    private const string Whole = """
        providers:
          a: { base_url: "http://a/v1", timeouts: { connect: 2s, first_byte: 30s, idle: 10s, total: 5m } }
          b: { base_url: "http://b/v1" }
        models:
          - name: fast
            upstreams:
              - { provider: a, model: x, priority: 0, weight: 3 }
              - { provider: b, model: x, priority: 1, breaker: { failures: 3, window: 10s, open_for: 5s } }
            timeouts: { first_byte: 20s }
            retries: { attempts_max: 5, backoff: 100ms, retry_after_max: 3s, on: [429, 5xx] }
            fallbacks: [slow]
          - { name: slow, upstreams: [ { provider: b, model: y } ] }
        limits:
          - { org: "*", requests_per_minute: 600, tokens_per_minute: 100000 }
          - { org: acme, model: fast, concurrency: 4 }
        gateway: { retries: { attempts_max: 2 }, breaker: { failures: 9 } }
        """;

    [Fact]
    public void Routes_and_limits_are_read()
    {
        var options = TieoutYaml.Read(Whole, "t.yaml", _ => null);
        var fast = options.Models[0];

        Assert.Equal(new TimeoutOptions(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)),
            options.Providers[0].Timeouts);
        Assert.Equal(new UpstreamOptions("a", "x", null, 0, 3), fast.Upstreams[0]);
        Assert.Equal(new UpstreamOptions("b", "x", null, 1, 1, new(3, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5))), fast.Upstreams[1]);
        Assert.Equal(new TimeoutOptions(FirstByte: TimeSpan.FromSeconds(20)), fast.Timeouts);
        Assert.Equal(
            new RetryOptions
            {
                AttemptsMax = 5,
                Repeats = true,
                Backoff = TimeSpan.FromMilliseconds(100),
                RetryAfterMax = TimeSpan.FromSeconds(3),
                On = RetryOn.TooMany | RetryOn.ServerError
            },
            fast.Retries);
        Assert.Equal(["slow"], fast.Fallbacks);
        Assert.Equal(
            [new("*", null, null, null, 600, 100_000, null), new("acme", null, null, "fast", null, null, 4)],
            options.Limits);
        Assert.Equal((2, true, 9), (options.Gateway.Retries.AttemptsMax, options.Gateway.Retries.Repeats, options.Gateway.Breaker!.Failures));
    }

    [Fact]
    public void Without_a_word_each_upstream_is_tried_once_and_nothing_is_limited()
    {
        var options = TieoutYaml.Read(
            "models: [ { name: m, upstreams: [ { provider: a, model: x } ] } ]\nproviders: { a: { base_url: 'http://a' } }", "t.yaml", _ => null);

        Assert.Equal((null, 0, 1, null),
            (options.Models[0].Retries, options.Models[0].Upstreams[0].Priority, options.Models[0].Upstreams[0].Weight,
                options.Models[0].Upstreams[0].Breaker));
        Assert.Equal((4, false), (options.Gateway.Retries.AttemptsMax, options.Gateway.Retries.Repeats));
        Assert.Empty(options.Limits);
    }

    [Theory]
    [InlineData("fallbacks: [nope]", ":3:17: model 'm' falls back to 'nope', which 'models' does not have.")]
    [InlineData("fallbacks: [m]", ":3:17: the fallbacks of model 'm' come back to it: m → m.")]
    [InlineData("fallbacks: [n]", ":3:17: the fallbacks of model 'm' come back to it: m → n → m.")]
    [InlineData("retries: { attempts_max: 11 }", ":3:30: 'models[0].retries.attempts_max' must be a whole number from 1 to 10.")]
    [InlineData("retries: { on: [418] }", ":3:21: '418' is unknown. Use unreachable, no_answer, 429 or 5xx.")]
    [InlineData("timeouts: { connect: 1s }", ":3:17: 'models[0].timeouts.connect' is unknown. Known: first_byte, idle, total.")]
    [InlineData("timeouts: { idle: 0s }", ":3:23: 'models[0].timeouts.idle' must be a time of at most 24h such as 250ms, 30s, 10m or 1h.")]
    public void What_a_model_cannot_mean_is_said_with_its_place(string member, string message)
    {
        var text = $"models:\n  - name: m\n    {member}\n    upstreams: [ {{ provider: a, model: x }} ]\n  - {{ name: n, fallbacks: [m], upstreams: [ {{ provider: a, model: x }} ] }}\nproviders: {{ a: {{ base_url: 'http://a' }} }}";

        var wrong = Assert.Throws<ConfigurationException>(() => TieoutYaml.Read(text, "t.yaml", _ => null));

        Assert.Equal($"t.yaml{message}", wrong.Message);
    }

    [Theory]
    [InlineData("{ provider: a, model: x, weight: 0 }", ":1:66: 'models[0].upstreams[0].weight' must be a whole number from 1 to 1000.")]
    [InlineData("{ provider: a, model: x, priority: -1 }", ":1:68: 'models[0].upstreams[0].priority' must be a whole number from 0 to 1000.")]
    [InlineData("{ provider: a, model: x, breaker: { failures: 1 } }", ":1:79: one failure is no pattern: 'failures' must be a whole number from 2 to 1000.")]
    [InlineData("{ provider: a, model: x, breaker: { open_for: 10ms } }", ":1:79: a breaker's time must be at least 500ms.")]
    public void What_an_upstream_cannot_mean_is_said_with_its_place(string upstream, string message)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => TieoutYaml.Read($"models: [{{ name: m, upstreams: [{upstream}] }}]", "t.yaml", _ => null));

        Assert.Equal($"t.yaml{message}", wrong.Message);
    }

    [Theory]
    [InlineData("- { org: acme }", ":2:3: a limit needs requests_per_minute, tokens_per_minute or concurrency.")]
    [InlineData("- { org: 'no good', concurrency: 1 }", ":2:10: 'no good' is neither a name nor *.")]
    [InlineData("- { concurrency: 0 }", ":2:18: 'limits[0].concurrency' must be a whole number from 1 to 1000000.")]
    public void What_a_limit_cannot_mean_is_said_with_its_place(string limit, string message)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => TieoutYaml.Read($"limits:\n{limit}", "t.yaml", _ => null));

        Assert.Equal($"t.yaml{message}", wrong.Message);
    }
}
