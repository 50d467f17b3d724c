using System.Security.Cryptography;
using System.Text;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Who is charged, what ties a call together, and what must never pass to a provider.</summary>
public sealed class IdentityTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tags_and_ids_stand_on_the_record()
    {
        await using var world = await World.StartAsync();
        await world.AddKeyAsync("tk-team", "key-2", team: "research");

        using var response = await world.ChatAsync(
            World.Hello, "Authorization: Bearer tk-team", "Tieout-Project: atlas", "Tieout-Feature: search", "Tieout-User: ann@example.org",
            "Tieout-Workflow: nightly",
            "Tieout-Operation: op-7", "Tieout-Trigger: auto_save", "X-Correlation-Id: corr-1",
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

        Assert.Equal("op-7", response.Headers.GetValues("Tieout-Operation").Single());
        Assert.Equal("corr-1", response.Headers.GetValues("X-Correlation-Id").Single());
        var usage = Assert.Single(await world.UsageAsync()).Usage;
        Assert.Equal(("acme", "atlas", "research", "key-2", "search"),
            (usage.Labels.Org, usage.Labels.Project, usage.Labels.Team, usage.Labels.Key, usage.Labels.Feature));
        Assert.Equal(("sim", "gpt-4o", "auto_save"), (usage.Labels.Provider, usage.Labels.Model, usage.Labels.Trigger));
        Assert.Equal(("op-7", 1, "nightly", "corr-1"), (usage.OperationId, usage.AttemptNo, usage.WorkflowId, usage.CorrelationId));
        Assert.Equal(("4bf92f3577b34da6a3ce929d0e0e4736", "ann@example.org", 200), (usage.TraceId, usage.EndUser, usage.StatusCode));
    }

    [Fact]
    public async Task The_keys_own_project_wins_over_a_header()
    {
        await using var world = await World.StartAsync();
        await world.AddKeyAsync("tk-project", "key-2", project: "atlas");

        using var response = await world.ChatAsync(World.Hello, "Authorization: Bearer tk-project", "Tieout-Project: someone-elses");

        Assert.Equal("atlas", Assert.Single(await world.UsageAsync()).Usage.Labels.Project);
    }

    [Fact]
    public async Task An_sdks_retry_is_marked_as_one()
    {
        await using var world = await World.StartAsync();

        using var response = await world.ChatAsync(World.Hello, "x-stainless-retry-count: 2", "Tieout-Trigger: user");

        var usage = Assert.Single(await world.UsageAsync()).Usage;
        Assert.Equal(("retry", 3), (usage.Labels.Trigger, usage.AttemptNo));
    }

    [Fact]
    public async Task An_alias_leads_to_the_providers_model_and_is_priced_as_that()
    {
        await using var world = await World.StartAsync();

        using var response = await world.ChatAsync("""{"model":"cheap","messages":[]}""", "X-Sim-Prompt-Tokens: 1000000", "X-Sim-Completion-Tokens: 0");

        Assert.Equal("0.15", response.Headers.GetValues("Tieout-Cost").Single());
        Assert.Equal("gpt-4o-mini", Assert.Single(world.Bill.Calls()).Model);
        Assert.Equal("gpt-4o-mini", Assert.Single(await world.UsageAsync()).Usage.Labels.Model);
    }

    [Fact]
    public async Task The_clients_key_never_reaches_the_provider_and_only_listed_headers_do()
    {
        await using var world = await World.StartAsync(change: options => options with { Providers = [options.Providers[0] with { ForwardHeaders = ["*"] }] });

        using var response = await world.ChatAsync(
            World.Hello, "X-Sim-Completion-Tokens: 3", "Cookie: a=b", "api-key: secret", "Proxy-Authorization: Basic x", "Host: evil.example");

        var call = Assert.Single(world.Bill.Calls());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"Bearer {World.ProviderKey}"))), call.AuthorizationSha256);
        Assert.Equal("3", call.Headers["X-Sim-Completion-Tokens"]);
    }

    [Fact]
    public async Task Headers_that_are_not_listed_stay_here()
    {
        await using var world = await World.StartAsync();

        using var response = await world.ChatAsync(World.Hello, "X-Sim-Completion-Tokens: 3", "Tieout-Feature: search", "X-Correlation-Id: corr-1",
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

        Assert.Equal(["X-Sim-Completion-Tokens"], Assert.Single(world.Bill.Calls()).Headers.Keys);
    }

    [Fact]
    public async Task Nothing_in_a_request_changes_where_it_goes()
    {
        await using var world = await World.StartAsync();
        const string body =
            """{"model":"gpt-4o","messages":[],"base_url":"http://169.254.169.254/","upstream":"http://evil.example","api_base":"file:///etc/passwd"}""";

        using var response = await world.ChatAsync(
            body, "Host: evil.example", "X-Forwarded-Host: evil.example", "X-Original-URL: http://evil.example", "Forwarded: host=evil.example");

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Single(world.Bill.Calls());
    }

    [Fact]
    public async Task Offered_models_are_listed()
    {
        await using var world = await World.StartAsync();

        using var response = await world.Http.GetAsync("/v1/models", Stop);

        var data = (await World.JsonAsync(response)).GetProperty("data");
        Assert.Equal(["gpt-4o", "cheap", "mystery"], data.EnumerateArray().Select(model => model.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task With_one_provider_and_no_names_every_listed_model_passes()
    {
        await using var world = await World.StartAsync(change: options => options with { Models = [] });

        using var known = await world.ChatAsync("""{"model":"gpt-4.1-mini","messages":[]}""");
        using var unknown = await world.ChatAsync("""{"model":"no-such-model","messages":[]}""");
        using var list = await world.Http.GetAsync("/v1/models", Stop);

        Assert.Equal((200, 404), ((int)known.StatusCode, (int)unknown.StatusCode));
        Assert.Equal("model_not_found", (await World.JsonAsync(unknown)).GetProperty("error").GetProperty("code").GetString());
        Assert.Contains((await World.JsonAsync(list)).GetProperty("data").EnumerateArray(), model => model.GetProperty("id").GetString() == "gpt-4o");
    }
}
