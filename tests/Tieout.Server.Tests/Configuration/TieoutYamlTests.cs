using Tieout.Server.Configuration;

namespace Tieout.Server.Tests.Configuration;

/// <summary>The configuration as written in the issue is read; anything else is refused in one sentence with its place.</summary>
public sealed class TieoutYamlTests
{
    private const string Good = """
        listen: http://127.0.0.1:4080
        data: ./here
        store: sqlite
        providers:
          openai: { dialect: openai, base_url: "https://api.openai.com/v1", api_key: "${OPENAI_API_KEY}", forward_headers: ["X-Sim-*", X-Trace] }
          local: { base_url: http://127.0.0.1:8000/v1/, prices: deepseek }
        models:
          - name: fast
            upstreams: [ { provider: openai, model: gpt-4o-mini } ]
          - { name: slow, upstreams: [ { provider: local, model: deepseek-chat, output_tokens_max: 8192 }, { provider: openai, model: gpt-4o } ] }
        gateway: { request_timeout: 5m, idle_timeout: 250ms, body_bytes_max: 1048576 }
        """;

    private static string? Environment(string name) => name == "OPENAI_API_KEY" ? "sk-secret" : null;

    [Fact]
    public void A_whole_file_is_read()
    {
        var options = TieoutYaml.Read(Good, "tieout.yaml", Environment);

        Assert.Equal(("http://127.0.0.1:4080", "./here", (string?)null), (options.Listen, options.Data, options.Postgres));
        Assert.Equal(["openai", "local"], options.Providers.Select(provider => provider.Name));
        Assert.Equal(("sk-secret", "https://api.openai.com/v1"), (options.Providers[0].ApiKey, options.Providers[0].BaseUrl.OriginalString));
        Assert.Equal(["X-Sim-*", "X-Trace"], options.Providers[0].ForwardHeaders);
        Assert.Equal(("deepseek", "http://127.0.0.1:8000/v1", null),
            (options.Providers[1].Prices, options.Providers[1].BaseUrl.OriginalString, options.Providers[1].ApiKey));
        Assert.Equal(["fast", "slow"], options.Models.Select(model => model.Name));
        Assert.Equal(new UpstreamOptions("local", "deepseek-chat", 8192), options.Models[1].Upstreams[0]);
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromMilliseconds(250), 1048576),
            (options.Gateway.RequestTimeout, options.Gateway.IdleTimeout, options.Gateway.BodyBytesMax));
        Assert.DoesNotContain("sk-secret", $"{options} {options.Providers[0]}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_provider_with_ways_of_its_own_is_read()
    {
        var options = TieoutYaml.Read("""
            providers:
              azure: { base_url: "https://x.openai.azure.com/openai/deployments/fast", auth_header: api-key, query: { api-version: 2024-10-21, "a b": "c&d" }, batch_factor: 0.75 }
              plain: { base_url: "https://a.example/v1" }
            gateway: { file_bytes_max: 1000, batch_poll_interval: 5s }
            """, "tieout.yaml", Environment);

        Assert.Equal(("api-key", "api-version=2024-10-21&a%20b=c%26d", 0.75m),
            (options.Providers[0].AuthHeader, options.Providers[0].Query, options.Providers[0].BatchFactor));
        Assert.Equal((null, null, 0.5m), (options.Providers[1].AuthHeader, options.Providers[1].Query, options.Providers[1].BatchFactor));
        Assert.Equal((1_000, TimeSpan.FromSeconds(5)), (options.Gateway.FileBytesMax, options.Gateway.BatchPollInterval));
    }

    [Theory]
    [InlineData("auth_header: X-*")]
    [InlineData("batch_factor: 0")]
    [InlineData("batch_factor: 1.5")]
    [InlineData("batch_factor: half")]
    public void A_provider_whose_own_ways_cannot_be_meant_is_refused(string member) =>
        Assert.Throws<ConfigurationException>(
            () => TieoutYaml.Read($"providers:\n  a: {{ base_url: 'https://a.example/v1', {member} }}", "t.yaml", Environment));

    [Theory]
    [InlineData("")]
    [InlineData("# nothing yet\n")]
    [InlineData("providers:\nmodels:\n")]
    public void Nothing_written_is_the_defaults(string text)
    {
        var options = TieoutYaml.Read(text, "tieout.yaml", Environment);

        Assert.Equal(new ServerOptions().Listen, options.Listen);
        Assert.Empty(options.Providers);
    }

    [Fact]
    public void What_is_work_done_again_is_configured()
    {
        var options = TieoutYaml.Read(
            "gateway: { recompute_window: 30s }\nspike: { hidden_triggers: [undo, regenerate], tool_retry_triggers: [] }", "t.yaml", Environment);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Gateway.RecomputeWindow);
        Assert.Equal(["undo", "regenerate"], options.Spike.HiddenTriggers);
        Assert.Empty(options.Spike.ToolRetryTriggers);
        Assert.Null(new GatewayOptions().RecomputeWindow);
        Assert.Equal(["undo", "retry", "auto_save", "recompute"], new SpikeOptions().HiddenTriggers);
    }

    [Fact]
    public void How_runtimes_are_metered_is_configured()
    {
        var runtime = TieoutYaml.Read("runtime: { interval: 1m, heartbeat_grace_days: 2, lateness_days: 3 }", "tieout.yaml", Environment).Runtime;
        Assert.Equal((60, TimeSpan.FromDays(2), TimeSpan.FromDays(3)), (runtime.Grid.Seconds, runtime.HeartbeatGrace, runtime.Lateness));
        Assert.Equal((300, TimeSpan.FromDays(7), TimeSpan.FromDays(7)),
            (new RuntimeOptions().Grid.Seconds, new RuntimeOptions().HeartbeatGrace, new RuntimeOptions().Lateness));
    }

    [Theory]
    [InlineData("http://*:4080")]
    [InlineData("http://[::1]:0")]
    [InlineData("http://localhost:4080")]
    public void Any_address_can_be_listened_at(string address) =>
        Assert.Equal(address, TieoutYaml.Read($"listen: '{address}'", "t.yaml", Environment).Listen);

    [Fact]
    public void The_environment_outranks_the_file()
    {
        var options = TieoutYaml.Read(Good, "tieout.yaml", name => name == "TIEOUT__LISTEN" ? "http://0.0.0.0:9" : Environment(name));

        Assert.Equal("http://0.0.0.0:9", options.Listen);
    }

    [Theory]
    [InlineData("modles: []",
        "t.yaml:1:1: 'modles' is unknown. Known: listen, data, spool, store, providers, models, limits, gateway, governor, webhooks, smtp, alerts, surfaces, approvals, runtime, heads, spike, operations_listen, tls, allow_plain_http, public_url, trusted_proxies, wrong_credentials.")]
    [InlineData("listen: [1", "t.yaml:2:1: this is not YAML: ")]
    [InlineData("a: 1\na: 2", "t.yaml:2:1: this is not YAML: ")]
    [InlineData("- a", "t.yaml:1:1: the file must be a mapping of names to values.")]
    [InlineData("listen: ftp://x", "t.yaml:1:9: 'ftp://x' is not an address to listen at: write one such as")]
    [InlineData("listen: https://example.com:1",
        "t.yaml:1:9: 'https://example.com:1' is not an address to listen at: write one such as http://127.0.0.1:4080, https://*:4443 or http://localhost:4080.")]
    [InlineData("store: oracle", "t.yaml:1:8: the store 'oracle' is not known; known are sqlite and postgres://user@host:port/database.")]
    [InlineData("providers:\n  a: {}", "t.yaml:2:6: provider 'a' needs a base_url.")]
    [InlineData("providers:\n  a: { base_url: 'http://u:p@h' }",
        "t.yaml:2:18: the address must be http:// or https:// with a host, and without a user, a query or a fragment.")]
    [InlineData("providers:\n  a: { base_url: 'http://h', api_kee: x }",
        "t.yaml:2:30: 'providers.a.api_kee' is unknown. Known: dialect, base_url, api_key, forward_headers, prices, timeouts, batch_factor, auth_header, query, api_key_by_org, shared_objects.")]
    [InlineData("providers:\n  a: { base_url: 'http://h', dialect: gopher }",
        "t.yaml:2:39: the dialect 'gopher' is not known; known are openai, anthropic, gemini.")]
    [InlineData("providers:\n  a: { base_url: 'http://h', api_key: '${NOPE}' }",
        "t.yaml:2:39: 'providers.a.api_key' needs the environment variable NOPE, which is not set.")]
    [InlineData("providers:\n  a: { base_url: 'http://h', api_key: '${NOPE' }", "t.yaml:2:39: 'providers.a.api_key' has a ${ without a closing brace.")]
    [InlineData("providers:\n  a: { base_url: 'http://h', forward_headers: ['*-Id'] }",
        "t.yaml:2:48: '*-Id' is not a header's name, with at most one * at its end.")]
    [InlineData("models:\n  - { name: m }", "t.yaml:2:5: model 'm' needs at least one upstream.")]
    [InlineData("models:\n  - { name: m, upstreams: [ { provider: p, model: x } ] }",
        "t.yaml: model 'm' names the provider 'p', which 'providers' does not have.")]
    [InlineData("gateway: { idle_timeout: soon }", "t.yaml:1:26: 'gateway.idle_timeout' must be a time of at most 24h such as 250ms, 30s, 10m or 1h.")]
    [InlineData("gateway: { body_bytes_max: -1 }", "t.yaml:1:28: 'gateway.body_bytes_max' must be a whole number from 1 to 1073741824.")]
    [InlineData("runtime: { interval: 7m }", "t.yaml:1:22: 'runtime.interval' must be from 10s to 1h and divide an hour, such as 1m, 5m or 15m.")]
    [InlineData("runtime: { interval: 500ms }", "t.yaml:1:22: 'runtime.interval' must be from 10s to 1h and divide an hour, such as 1m, 5m or 15m.")]
    [InlineData("runtime: { interval: 2h }", "t.yaml:1:22: 'runtime.interval' must be from 10s to 1h and divide an hour, such as 1m, 5m or 15m.")]
    [InlineData("runtime: { heartbeat_grace_days: 0 }", "t.yaml:1:34: 'runtime.heartbeat_grace_days' must be a whole number from 1 to 31.")]
    [InlineData("runtime: { lateness_days: 32 }", "t.yaml:1:27: 'runtime.lateness_days' must be a whole number from 1 to 31.")]
    [InlineData("runtime: { grace: 1h }", "t.yaml:1:12: 'runtime.grace' is unknown. Known: interval, heartbeat_grace_days, lateness_days.")]
    [InlineData("spike: { hidden_triggers: ['two words'] }", "t.yaml:1:28: 'two words' is not a trigger: use letters, digits and _ . : @ / + - only.")]
    [InlineData("spike: { hidden_triggers: [undo, tool_retry] }", "t.yaml:1:8: the trigger 'tool_retry' is in both lists: name it in one.")]
    [InlineData("--- {}\n--- {}", "t.yaml: the file contains more than one YAML document.")]
    public void What_cannot_be_meant_is_said_with_its_place(string text, string message)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => TieoutYaml.Read(text, "t.yaml", Environment));

        Assert.StartsWith(message, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
    }

    [Fact]
    public void A_file_that_is_not_there_is_said()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => TieoutYaml.Load("no-such-file.yaml", Environment));

        Assert.StartsWith("no-such-file.yaml: the configuration cannot be read: ", wrong.Message, StringComparison.Ordinal);
    }
}
