using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What users of other gateways complain about, families D (streams, aborted calls) and E (mispricing): each would fail here.</summary>
public sealed class DialectsComplaintTests
{
    private const string Messages = """{"model":"claude-sonnet-4-5","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"How much?"}]}""";
    private const string Responses = """{"model":"gpt-4o","input":"How much?","max_output_tokens":300,"stream":true}""";
    private const string Gemini = """{"contents":[{"role":"user","parts":[{"text":"How much?"}]}]}""";
    private const string GeminiStream = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/messages", Messages)]
    [InlineData("/v1/responses", Responses)]
    [InlineData(GeminiStream, Gemini)]
    [InlineData(GeminiStream + "?alt=sse", Gemini)]
    public async Task D33_D37_a_client_that_hangs_up_early_pays_what_was_really_used(string path, string body)
    {
        await using var world = await DialectsWorld.StartAsync();
        using (var response = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path), "X-Sim-Completion-Tokens: 50", "X-Sim-Fault: pace:30"))
        {
            await (await response.Content.ReadAsStreamAsync(Stop)).ReadExactlyAsync(new byte[10], Stop);
        }

        var row = Assert.Single(await world.RecordedAsync(1));
        Assert.Equal((UsageBasis.Reported, 50), (row.Usage.Basis, row.Usage.Counts.OutputTokens));
        await world.TiesOutAsync();
    }

    [Theory]
    [InlineData("/v1/messages", Messages, 1000)]
    [InlineData("/v1/responses", Responses, 3)]
    [InlineData(GeminiStream, Gemini, 1000)]
    public async Task D34_D35_what_breaks_off_is_recorded_with_its_output_and_says_that_it_is_estimated(string path, string body, long input)
    {
        await using var world = await DialectsWorld.StartAsync();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await world.PostAsync(
                path, body, DialectsChargeTests.KeyOf(path), "X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 160", "X-Sim-Fault: cut:8");
            await response.Content.ReadAsStringAsync(Stop);
        });

        var row = Assert.Single(await world.RecordedAsync(1));
        Assert.Equal((UsageBasis.Estimated, true, input), (row.Usage.Basis, row.Usage.Flags.HasFlag(UsageFlags.CutShort), row.Usage.Counts.InputTokens));
        Assert.InRange(row.Usage.Counts.OutputTokens, 10, 159);
        await world.TiesOutAsync();
    }

    [Theory]
    [InlineData("/v1/messages", Messages)]
    [InlineData("/v1/responses", Responses)]
    [InlineData(GeminiStream, Gemini)]
    [InlineData("/v1/completions", """{"model":"gpt-4o","prompt":"How much?","stream":true}""")]
    public async Task Usage_that_is_missing_costs_what_was_held_and_a_running_count_is_never_added(string path, string body)
    {
        await using var world = await DialectsWorld.StartAsync();
        foreach (var fault in new[] { "no-usage", "usage-twice" })
        {
            using var response = await world.PostAsync(
                path, body, DialectsChargeTests.KeyOf(path), "X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 40", $"X-Sim-Fault: {fault}");
            await response.Content.ReadAsStringAsync(Stop);
        }

        var rows = await world.UsageAsync();
        Assert.Equal((UsageBasis.Estimated, UsageBasis.Reported), (rows[0].Usage.Basis, rows[1].Usage.Basis));
        Assert.True(rows[0].Usage.Flags.HasFlag(UsageFlags.UsageUnreadable) && rows[0].Usage.Counts.OutputTokens > 40, $"{rows[0].Usage.Counts}");
        Assert.Equal((1000, 40), (rows[1].Usage.Counts.InputTokens, rows[1].Usage.Counts.OutputTokens));
        await world.TiesOutAsync();
    }

    [Theory]
    [InlineData("/v1/messages", "429", 429)]
    [InlineData("/v1/messages", "500", 500)]
    [InlineData(GeminiStream, "429", 429)]
    [InlineData("/v1/responses", "500", 500)]
    public async Task A_providers_error_is_its_own_words_and_free(string path, string fault, int status)
    {
        await using var world = await DialectsWorld.StartAsync();
        var body = path == "/v1/messages" ? Messages : path == "/v1/responses" ? Responses : Gemini;

        var error = await (await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path), $"X-Sim-Fault: {fault}")).ErrorAsync(status);

        Assert.DoesNotContain("tieout", error.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal((UsageBasis.Failed, Amount.Zero), ((await world.UsageAsync()).Single().Usage.Basis, await world.TiesOutAsync()));
    }

    [Theory]
    [InlineData("/v1/chat/completions",
        """{"model":"gpt-4o","choices":[{"message":{"content":"All of this is free"},"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0}}""")]
    [InlineData("/v1/messages",
        """{"model":"claude-sonnet-4-5","content":[{"type":"text","text":"All of this is free"}],"usage":{"input_tokens":0,"output_tokens":0}}""")]
    [InlineData("/v1/responses", """{"id":"resp_1","status":"completed","model":"gpt-4o","output":[],"usage":{"input_tokens":0,"output_tokens":0}}""")]
    public async Task D36_a_usage_of_zero_stays_zero(string path, string answer)
    {
        await using var provider = await AnsweringAsync("application/json", answer);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        var body = path == "/v1/messages" ? Messages : path == "/v1/responses" ? Responses : World.Hello;

        using var response = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path));

        Assert.Equal("0", response.Headers.GetValues("Tieout-Cost").Single());
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Reported, default), (row.Usage.Basis, row.Usage.Counts));
    }

    [Fact]
    public async Task D39_a_start_of_zero_does_not_hide_the_end()
    {
        const string stream = """
            event: message_start
            data: {"type":"message_start","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":0,"output_tokens":0}}}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":1000,"output_tokens":200}}

            event: message_stop
            data: {"type":"message_stop"}


            """;
        await using var provider = await AnsweringAsync("text/event-stream", stream);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        var text = await (await world.PostAsync("/v1/messages", Messages, DialectsChargeTests.KeyOf("messages"))).TextAsync();

        Assert.Equal(stream.TrimEnd(), text.TrimEnd());
        // E45: the model that answered is the one that is paid, claude-haiku-4-5 at 1 and 5.
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal(("claude-haiku-4-5", Amount.Parse("0.002")), (row.Usage.Labels.Model, row.Charge));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task E45_calls_within_a_call_are_records_of_their_own_at_their_own_models_price(bool stream)
    {
        await using var world = await DialectsWorld.StartAsync();
        using var response = await world.PostAsync(
            "/v1/messages", stream ? Messages : Messages.Replace("\"stream\":true,", "", StringComparison.Ordinal), DialectsChargeTests.KeyOf("messages"),
            "X-Sim-Prompt-Tokens: 10", "X-Sim-Completion-Tokens: 20", "X-Sim-Iterations: compaction::5000:700,advisor_message:claude-haiku-4-5:2000:300");
        await response.Content.ReadAsStringAsync(Stop);

        var rows = await world.UsageAsync();
        Assert.Equal([Amount.Parse("0.00033"), Amount.Parse("0.0035"), Amount.Parse("0.0255")], rows.Select(row => row.Charge).Order());
        Assert.Single(rows.Select(row => row.Usage.OperationId).Distinct());
        if (!stream) Assert.Equal("0.02933", response.Headers.GetValues("Tieout-Cost").Single());
        Assert.Equal(Amount.Parse("0.02933"), await world.TiesOutAsync());
    }

    // Goal: a kill cannot part a call from the calls within it. Method: the store takes no settlement; after a restart the spool has all or nothing of it.
    [Fact]
    public async Task B3_calls_within_a_call_are_one_commit_with_it_also_by_way_of_the_spool()
    {
        var world = await DialectsWorld.StartAsync();
        string[] headers = [DialectsChargeTests.KeyOf("messages"), "X-Sim-Prompt-Tokens: 10", "X-Sim-Completion-Tokens: 20",
            "X-Sim-Iterations: compaction::5000:700,advisor_message:claude-haiku-4-5:2000:300"];
        await (await world.PostAsync("/v1/messages", Messages, headers)).TextAsync();
        var commits = world.Read.AsOf;
        await (await world.PostAsync("/v1/messages", Messages, headers)).TextAsync();
        Assert.Equal(commits + 2, world.Read.AsOf);

        world.Ledger.Broken = command => command is Command.Settle;
        await (await world.PostAsync("/v1/messages", Messages, headers)).TextAsync();
        Assert.Equal(6, (await world.UsageAsync()).Count);
        world.Ledger.Broken = null;
        world = await world.RestartedAsync();

        Assert.Equal(9, (await world.UsageAsync()).Count);
        Assert.Equal(new Amount(3 * Amount.Parse("0.02933").Nanos), await world.TiesOutAsync());
        await world.DisposeAsync();
    }

    [Fact]
    public async Task E46_E47_a_response_in_the_background_is_charged_once_however_often_it_is_asked_for()
    {
        await using var world = await DialectsWorld.StartAsync();
        await world.AddKeyAsync("tk-other", "key-2");
        var key = DialectsChargeTests.KeyOf("");
        using var made = await world.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"Hi","background":true,"max_output_tokens":500}""", key,
            "X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 200");
        var id = JsonElement.Parse(await made.Content.ReadAsStringAsync(Stop)).GetProperty("id").GetString();
        Assert.Single(world.Read.OpenHolds(null));
        Assert.Empty(await world.UsageAsync());

        Assert.Equal("in_progress", await StatusAsync(id!));
        Assert.Single(world.Read.OpenHolds(null));
        var statuses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => StatusAsync(id!)));

        Assert.All(statuses, status => Assert.Equal("completed", status));
        Assert.Equal(Amount.Parse("0.0045"), Assert.Single(await world.UsageAsync()).Charge);
        Assert.Equal(Amount.Parse("0.0045"), await world.TiesOutAsync());
        using var unknown = await world.Http.GetAsync(new Uri("/v1/responses/resp_nobody", UriKind.Relative), Stop);
        Assert.Equal(404, (int)unknown.StatusCode);

        async Task<string?> StatusAsync(string of)
        {
            using var answer = await world.Http.GetAsync(new Uri($"/v1/responses/{of}", UriKind.Relative), Stop);
            return JsonElement.Parse(await answer.Content.ReadAsStringAsync(Stop)).GetProperty("status").GetString();
        }
    }

    [Fact]
    public async Task E47_another_orgs_response_is_not_found()
    {
        await using var world = await DialectsWorld.StartAsync();
        using var made = await world.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"Hi"}""", DialectsChargeTests.KeyOf(""));
        var id = JsonElement.Parse(await made.Content.ReadAsStringAsync(Stop)).GetProperty("id").GetString();
        await world.DoAsync(new Command.OpenOrg(new Core.Tenancy.Org("other", "USD", Core.Tenancy.BillingMode.Postpaid, null, "UTC")));
        await world.DoAsync(new Command.Record(
            SettingKind.Key, "other", "key-o",
            new Core.Tenancy.ApiKey("key-o", "other", null, null, null, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("tk-other"u8)),
                false, DateTimeOffset.UnixEpoch).ToJson(), Once: false));

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/responses/{id}");
        request.Headers.Authorization = new("Bearer", "tk-other");
        using var foreign = await world.Http.SendAsync(request, Stop);
        using var own = await world.Http.GetAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Stop);

        Assert.Equal((404, 200), ((int)foreign.StatusCode, (int)own.StatusCode));
        Assert.Single(await world.UsageAsync());
    }

    internal static async Task<WebApplication> AnsweringAsync(string type, string body, Action<HttpRequest>? seen = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            seen?.Invoke(context.Request);
            context.Response.ContentType = type;
            return context.Response.WriteAsync(body, Stop);
        });
        await app.StartAsync(Stop);
        return app;
    }
}
