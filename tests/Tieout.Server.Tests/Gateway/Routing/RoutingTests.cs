using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Configuration;

namespace Tieout.Server.Tests.Gateway.Routing;

/// <summary>Retries and fallbacks: each try is an attempt with a hold, a record and a charge of its own, and nothing is ever sent twice to the
/// client.</summary>
public sealed class RoutingTests
{
    private const string Two = """{"model":"two","messages":[{"role":"user","content":"Hello there, how are you?"}],"max_tokens":100}""";
    private const string TwoStream = """{"model":"two","messages":[{"role":"user","content":"Hello there, how are you?"}],"max_tokens":100,"stream":true}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("500", Two)]
    [InlineData("429", Two)]
    [InlineData("500", TwoStream)]
    public async Task M1_a_fallback_is_charged_at_the_price_of_the_upstream_that_answered(string fault, string body)
    {
        await using var world = await StartAsync();

        using var response = await world.ChatAsync(body, $"X-Sim-Fault: {fault}", "Tieout-Operation: op-1");
        var text = await response.Content.ReadAsStringAsync(Stop);

        Assert.True(response.IsSuccessStatusCode, text);
        var rows = (await world.UsageAsync()).OrderBy(row => row.Usage.AttemptNo).ToList();
        Assert.Equal([("bad", "gpt-4o", 1, null), ("good", "gpt-4o-mini", 2, "fallback")],
            rows.Select(row => (row.Usage.Labels.Provider, row.Usage.Labels.Model, row.Usage.AttemptNo, row.Usage.Labels.Trigger)));
        Assert.Equal((fault, UsageBasis.Failed, Amount.Zero), ($"{rows[0].Usage.StatusCode}", rows[0].Usage.Basis, rows[0].Charge));
        Assert.Equal(rows[1].Usage.Counts.InputTokens * 150 + rows[1].Usage.Counts.OutputTokens * 600, rows[1].Charge.Nanos);
        Assert.True(rows[1].Charge > Amount.Zero);
        Assert.Equal(rows[1].Usage.Id.ToString(), response.Headers.GetValues("Tieout-Usage-Id").Single());
        Assert.All(rows, row => Assert.Equal("op-1", row.Usage.OperationId));
        Assert.Equal([int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), 200], world.Bill.Calls().Select(call => call.Status));
        Assert.Equal([HoldState.Settled, HoldState.Settled], (await world.Read.OperationAsync(World.Org, "op-1", Stop)).Select(attempt => attempt.State));
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task What_never_reached_a_provider_is_released_and_the_next_one_asked()
    {
        await using var world = await StartAsync(badUrl: Nobody());

        using var response = await world.ChatAsync(Two, "Tieout-Operation: op-1");

        Assert.Equal(200, (int)response.StatusCode);
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal(("good", 2, "fallback"), (row.Usage.Labels.Provider, row.Usage.AttemptNo, row.Usage.Labels.Trigger));
        Assert.Equal([HoldState.Released, HoldState.Settled], (await world.Read.OperationAsync(World.Org, "op-1", Stop)).Select(attempt => attempt.State));
    }

    [Fact]
    public async Task An_attempt_without_an_answer_in_time_is_an_estimate_and_the_header_says_what_all_attempts_cost()
    {
        await using var world = await StartAsync(change: model => model with { Timeouts = new(FirstByte: TimeSpan.FromMilliseconds(250)) });

        using var response = await world.ChatAsync(Two, "X-Sim-Fault: slow:20000");

        Assert.Equal(200, (int)response.StatusCode);
        var rows = (await world.UsageAsync()).OrderBy(row => row.Usage.AttemptNo).ToList();
        Assert.Equal([(0, UsageBasis.Estimated), (200, UsageBasis.Reported)], rows.Select(row => (row.Usage.StatusCode, row.Usage.Basis)));
        Assert.Equal(rows[0].Charge + rows[1].Charge, Amount.Parse(response.Headers.GetValues("Tieout-Cost").Single()));
    }

    [Fact]
    public async Task Nothing_is_tried_again_once_the_first_byte_has_gone_to_the_client()
    {
        await using var world = await StartAsync();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await world.ChatAsync(TwoStream, "X-Sim-Fault: cut:2", "X-Sim-Completion-Tokens: 40");
            await response.Content.ReadAsStringAsync(Stop);
        });

        Assert.Single(world.Bill.Calls());
        Assert.Single(await world.UsageAsync());
    }

    [Fact]
    public async Task Retries_end_and_the_last_error_is_the_providers_own()
    {
        await using var world = await StartAsync(change: model => model with
        {
            Upstreams = [model.Upstreams[0]],
            Retries = new() { AttemptsMax = 3, Repeats = true, Backoff = TimeSpan.FromMilliseconds(1) },
        });

        using var response = await world.ChatAsync(Two, "X-Sim-Fault: 500", "Tieout-Trigger: user");

        Assert.Equal(500, (int)response.StatusCode);
        Assert.Equal("server_error", (await World.JsonAsync(response)).GetProperty("error").GetProperty("type").GetString());
        Assert.Equal(
            [(1, "user", 500), (2, "retry", 500), (3, "retry", 500)],
            (await world.UsageAsync()).OrderBy(row => row.Usage.AttemptNo).Select(
                row => (row.Usage.AttemptNo, row.Usage.Labels.Trigger, row.Usage.StatusCode)));
        Assert.Equal("0", response.Headers.GetValues("Tieout-Cost").Single());
    }

    [Fact]
    public async Task A_fallback_that_cannot_be_afforded_leaves_the_providers_error_and_says_so()
    {
        // The first costs up to some 0.0001, the second some 0.0014.
        await using var world =
            await StartAsync(topUp: "0.001", change: model => model with { Upstreams = [new("bad", "gpt-4o-mini"), new("good", "gpt-4o", Priority: 1)] });

        using var response = await world.ChatAsync(Two, "X-Sim-Fault: 500");

        Assert.Equal(500, (int)response.StatusCode);
        Assert.Equal("insufficient_balance", response.Headers.GetValues("Tieout-Retry-Refused").Single());
        Assert.Single(await world.UsageAsync());
        Assert.Single(world.Bill.Calls());
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Theory]
    [InlineData("Tieout-Operation: op-7", "op-7")]
    [InlineData("Idempotency-Key: op-7", "op-7")]
    [InlineData("Idempotency-Key: with space", null)]
    public async Task A_clients_own_retry_joins_its_operation(string header, string? operation)
    {
        await using var world = await StartAsync();
        for (var i = 0; i < 3; i++) (await world.ChatAsync(World.Hello, header, "Tieout-Trigger: user")).Dispose();

        var rows = (await world.UsageAsync()).OrderBy(row => row.Usage.AttemptNo).ToList();
        Assert.Equal([(1, "user"), (2, "retry"), (3, "retry")], rows.Select(row => (row.Usage.AttemptNo, row.Usage.Labels.Trigger)));
        Assert.Equal(operation ?? rows[0].Usage.OperationId, Assert.Single(rows.Select(row => row.Usage.OperationId).Distinct()));
    }

    [Fact]
    public async Task An_upstream_that_fails_too_often_is_left_alone_and_health_says_so()
    {
        await using var world = await StartAsync(change: model =>
            model with { Upstreams = [new("bad", "gpt-4o", Breaker: new(2, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1))), model.Upstreams[1]] });

        for (var i = 0; i < 5; i++) (await world.ChatAsync(Two, "X-Sim-Fault: 500")).Dispose();

        Assert.Equal((2, 5), (world.Bill.Calls().Count(call => call.Status == 500), world.Bill.Calls().Count(call => call.Status == 200)));
        var upstreams = (await world.Operations.GetFromJsonAsync<JsonElement>("/healthz", Stop)).GetProperty("upstreams").EnumerateArray().ToList();
        var bad = upstreams.Single(upstream => upstream.GetProperty("provider").GetString() == "bad");
        Assert.Equal(("open", "500"), (bad.GetProperty("breaker").GetString(), bad.GetProperty("last_error").GetString()));
        Assert.Equal("closed", upstreams.First(upstream => upstream.GetProperty("provider").GetString() == "good").GetProperty("breaker").GetString());
    }

    [Fact]
    public async Task A_changed_file_comes_into_force_whole_and_a_bad_one_not_at_all()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("tieout-").FullName, "tieout.yaml");
        await File.WriteAllTextAsync(file, "models: []", Stop);
        await using var world = await StartAsync(options: options => options with { File = new(file, _ => null) });
        Assert.Equal(404, (int)(await AskAsync("new")).StatusCode);

        var good = $"providers: {{ sim: {{ base_url: '{world.Provider.Urls.First()}/v1' }} }}\nmodels: [ {{ name: new, upstreams: [ {{ provider: sim, model: gpt-4o }} ] }} ]\n";
        await File.WriteAllTextAsync(file, good, Stop);
        await World.SoonAsync(async () => (await ConfigurationAsync()).GetProperty("version").GetInt32() == 2, "the new file is in force");
        Assert.Equal(200, (int)(await AskAsync("new")).StatusCode);
        Assert.Equal(404, (int)(await AskAsync("two")).StatusCode);

        await File.WriteAllTextAsync(file, good + "modles: []\n", Stop);
        await World.SoonAsync(async () => (await ConfigurationAsync()).GetProperty("error").GetString()?.Contains(
            ":3:1: 'modles' is unknown", StringComparison.Ordinal) ?? false, "the bad file is said");
        Assert.Equal(200, (int)(await AskAsync("new")).StatusCode);
        Assert.Equal(2, (await ConfigurationAsync()).GetProperty("version").GetInt32());
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);

        Task<HttpResponseMessage> AskAsync(string model) => world.ChatAsync(World.Hello.Replace("gpt-4o", model, StringComparison.Ordinal));
        async Task<JsonElement> ConfigurationAsync() => (await world.Operations.GetFromJsonAsync<JsonElement>("/healthz", Stop)).GetProperty("configuration");
    }

    /// <summary>The name <c>two</c> leads to <c>bad</c>, which gets the client's wishes for faults, and then to <c>good</c>, which does not.</summary>
    private static Task<World> StartAsync(
        string topUp = "1000", Func<ModelOptions, ModelOptions>? change = null, string? badUrl = null, Func<ServerOptions, ServerOptions>? options = null) =>
        World.StartAsync(topUp, server =>
        {
            var sim = server.Providers[0];
            var two = new ModelOptions("two", [new("bad", "gpt-4o"), new("good", "gpt-4o-mini", Priority: 1)]);
            server = server with
            {
                Providers = [sim, sim with { Name = "bad", BaseUrl = badUrl is null ? sim.BaseUrl : new(badUrl) },
                    sim with { Name = "good", ForwardHeaders = [] }],
                Models = [.. server.Models, change?.Invoke(two) ?? two],
            };
            return options?.Invoke(server) ?? server;
        });

    /// <summary>An address where nobody listens.</summary>
    private static string Nobody()
    {
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"http://{nobody.LocalEndPoint}/v1";
    }
}
