using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What users of other gateways complain about, families E (mispricing) and G (attribution), further: each would fail here.</summary>
public sealed class DialectsPricingTests
{
    private const string Messages = """{"model":"claude-sonnet-4-5","max_tokens":200,"messages":[{"role":"user","content":"How much?"}]%}""";
    private const string Responses = """{"model":"gpt-4o","input":"How much?","max_output_tokens":300%}""";
    private const string Chat = """{"model":"gpt-4o","messages":[{"role":"user","content":"How much?"}],"max_tokens":300%}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // The provider's own book, at the list's rates by hand, against ours: cached and written tokens at their own rates, streams like whole answers.
    [Fact]
    public async Task E41_E42_E43_the_sum_of_charges_is_the_providers_bill()
    {
        await using var world = await DialectsWorld.StartAsync();
        var number = 0;
        foreach (var (path, body) in new[] { ("/v1/messages", Messages), ("/v1/responses", Responses), ("/v1/chat/completions", Chat) })
        {
            foreach (var stream in new[] { "", ",\"stream\":true" })
            {
                number++;
                using var response = await world.PostAsync(path, body.Replace("%", stream, StringComparison.Ordinal), DialectsChargeTests.KeyOf(path),
                    $"X-Sim-Prompt-Tokens: {number * 1000}", $"X-Sim-Cached-Tokens: {number * 700}", $"X-Sim-Completion-Tokens: {number * 10}",
                    $"X-Sim-Cache-Write-5m-Tokens: {(path == "/v1/messages" ? number * 50 : 0)}");
                await response.Content.ReadAsStringAsync(Stop);
            }
        }

        var bill = world.Bill.Calls().Sum(call => call.Dialect == "anthropic"
            ? (call.PromptTokens - call.CachedTokens - call.CacheWrite5mTokens) * 3m + call.CachedTokens * 0.3m + call.CacheWrite5mTokens * 3.75m
                + call.CompletionTokens * 15m
            : (call.PromptTokens - call.CachedTokens) * 2.5m + call.CachedTokens * 1.25m + call.CompletionTokens * 10m);
        Assert.Equal(6, (await world.UsageAsync()).Count);
        Assert.Equal(Amount.RoundHalfEven(bill / 1_000_000), await world.TiesOutAsync());
    }

    [Theory]
    [InlineData("429", "0.00021")]
    [InlineData("500", "0.00021")]
    public async Task E44_E49_a_fallback_has_a_cost_its_own_models_and_failed_tries_add_nothing(string fault, string charge)
    {
        await using var failing = await DialectsComplaintTests.AnsweringAsync(
            "application/json", "{}", http => http.HttpContext.Response.StatusCode = int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture));
        await using var world = await World.StartAsync(change: options => options with
        {
            Providers = [.. options.Providers, options.Providers[0] with { Name = "failing", BaseUrl = new Uri(failing.Urls.First() + "/v1") }],
            Models = [new("fast", [new("failing", "gpt-4o", Priority: 0), new("sim", "gpt-4o-mini", Priority: 1)])],
        });

        using var response = await world.ChatAsync(Chat.Replace("gpt-4o", "fast", StringComparison.Ordinal).Replace("%", "", StringComparison.Ordinal),
            "X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 100");

        // gpt-4o-mini: 1,000 × 0.15 + 100 × 0.60 a million.
        Assert.Equal(charge, response.Headers.GetValues("Tieout-Cost").Single());
        var rows = await world.UsageAsync();
        Assert.Equal([(1, UsageBasis.Failed, 0L), (2, UsageBasis.Reported, 1000L)],
            rows.Select(row => (row.Usage.AttemptNo, row.Usage.Basis, row.Usage.Counts.InputTokens)));
        Assert.Equal("gpt-4o-mini", rows[1].Usage.Labels.Model);
        Assert.Equal(Amount.Parse(charge), await world.TiesOutAsync());
    }

    [Fact]
    public async Task E50_E51_the_same_use_is_the_same_counts_in_every_dialect_and_none_is_without_a_cost()
    {
        await using var world = await DialectsWorld.StartAsync();
        string[] sims = ["X-Sim-Prompt-Tokens: 1234", "X-Sim-Cached-Tokens: 1000", "X-Sim-Completion-Tokens: 56", "X-Sim-Reasoning-Tokens: 7"];
        foreach (var (path, body) in new[]
        {
            ("/v1/messages", Messages), ("/v1/responses", Responses), ("/v1/chat/completions", Chat),
            ("/v1beta/models/gemini-2.5-flash:generateContent", """{"contents":[{"parts":[{"text":"How much?"}]}]}"""),
        })
        {
            using var response = await world.PostAsync(path, body.Replace("%", "", StringComparison.Ordinal), [DialectsChargeTests.KeyOf(path), .. sims]);
            await response.Content.ReadAsStringAsync(Stop);
        }

        var rows = await world.UsageAsync();
        Assert.Equal(4, rows.Count);
        Assert.All(rows,
            row => Assert.Equal((1234, 1000, 56, 7),
                (row.Usage.Counts.InputTokens, row.Usage.Counts.CacheReadTokens, row.Usage.Counts.OutputTokens, row.Usage.Counts.ReasoningTokens)));
        Assert.All(rows, row => Assert.True(row.Charge > Amount.Zero));
    }

    [Fact]
    public async Task E52_what_no_provider_was_asked_for_is_not_charged()
    {
        await using var world = await DialectsWorld.StartAsync();
        using var made = await world.PostAsync("/v1/responses", Responses.Replace("%", "", StringComparison.Ordinal), DialectsChargeTests.KeyOf(""));
        var id = JsonElement.Parse(await made.Content.ReadAsStringAsync(Stop)).GetProperty("id").GetString();

        for (var i = 0; i < 3; i++) await (await world.SendAsync(HttpMethod.Get, $"/v1/responses/{id}")).TextAsync();
        await (await world.SendAsync(HttpMethod.Get, "/v1/models")).TextAsync();
        await (await world.PostAsync("/v1/chat/completions", """{"model":"nobody","messages":[]}""", DialectsChargeTests.KeyOf(""))).ErrorAsync(404);

        Assert.Equal(world.Bill.Totals().Billed, (await world.UsageAsync()).Count);
        Assert.Single(await world.UsageAsync());
    }

    [Theory]
    [InlineData("/v1/chat/completions", Chat)]
    [InlineData("/v1/responses", Responses)]
    [InlineData("/v1/embeddings", """{"model":"text-embedding-3-small","input":"How much?"%}""")]
    public async Task G57_the_user_of_the_body_and_the_tags_of_the_headers_are_on_the_record(string path, string body)
    {
        await using var world = await DialectsWorld.StartAsync();

        await (await world.PostAsync(path, body.Replace("%", ",\"user\":\"ann\"", StringComparison.Ordinal), DialectsChargeTests.KeyOf(""),
            "Tieout-Feature: search", "Tieout-Project: web", "Tieout-Workflow: w-1")).TextAsync();
        await (await world.PostAsync(
            path, body.Replace("%", ",\"user\":\"ann\"", StringComparison.Ordinal), DialectsChargeTests.KeyOf(""), "Tieout-User: ben")).TextAsync();

        var rows = await world.UsageAsync();
        Assert.Equal(["ann", "ben"], rows.Select(row => row.Usage.EndUser));
        Assert.Equal(("search", "web", "w-1"), (rows[0].Usage.Labels.Feature, rows[0].Usage.Labels.Project, rows[0].Usage.WorkflowId));
    }
}
