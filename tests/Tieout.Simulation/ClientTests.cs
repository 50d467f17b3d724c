using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Simulation.Running;

namespace Tieout.Simulation;

/// <summary>The clients that people use, against real processes: the books say exactly what each client saw.</summary>
public sealed class ClientTests
{
    private const string Org = "acme";

    private static readonly Func<string, string> Configuration = provider => $$"""
        providers:
          sim: { dialect: openai, base_url: "{{provider}}/v1", api_key: sk-simulated, forward_headers: ["X-Sim-*"] }
          claude: { dialect: anthropic, base_url: "{{provider}}/v1", api_key: sk-ant-simulated, forward_headers: ["X-Sim-*"] }
        models:
          - { name: gpt-4o-mini, upstreams: [{ provider: sim, model: gpt-4o-mini }] }
          - { name: text-embedding-3-small, upstreams: [{ provider: sim, model: text-embedding-3-small }] }
          - { name: claude-sonnet-4-5, upstreams: [{ provider: claude, model: claude-sonnet-4-5 }] }
        """;

    // Goal: what a client is told, the books say, for every kind of call: whole, streamed, tools, embeddings, errors, retries of its own.
    // Method: the client prints what it saw; each line is looked up; and nothing else is in the books.
    [Theory]
    [InlineData("openai.mjs", 10)]
    [InlineData("anthropic.mjs", 4)]
    public async Task M1_Q1_the_books_say_what_an_npm_client_saw_and_no_more(string program, int calls)
    {
        await using var platform = await Platform.StartAsync(Configuration);
        var seen = await RunAsync(platform, program);
        Assert.Equal(calls, seen.Count);

        var records = 0;
        foreach (var call in seen)
        {
            var name = call.GetProperty("call").GetString();
            var operation = await platform.GetAsync($"orgs/{Org}/operations/{call.GetProperty("operation").GetString()}");
            var attempts = operation.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("usage")).ToList();
            Assert.True(operation.GetProperty("settled").GetBoolean(), $"{name}: {operation}");
            Assert.Equal((name, call.GetProperty("attempts").GetInt32()), (name, attempts.Count));
            AssertRetries(attempts);
            var answer = attempts[^1];
            Assert.Equal((name, Number(call, "input"), Number(call, "output"), "reported"),
                (name, Number(answer, "input_tokens"), Number(answer, "output_tokens"), answer.GetProperty("basis").GetString()));
            if (call.TryGetProperty("cached", out var cached)) Assert.Equal((name, cached.GetInt64()), (name, Number(answer, "cache_read_tokens")));
            if (call.TryGetProperty("cost", out var cost)) Assert.Equal((name, Platform.Money(operation, "charge")), (name, Amount.Parse(cost.GetString()!)));
            Assert.True(Platform.Money(answer, "charge") > Amount.Zero, $"{name} was free.");
            records += attempts.Count;
        }

        await AssertNothingElseAsync(platform, records);
    }

    [Fact]
    public async Task L3_spans_of_an_OpenTelemetry_exporter_count_once_and_only_those_of_model_calls()
    {
        await using var platform = await Platform.StartAsync(Configuration);
        var seen = await RunAsync(platform, "otel.mjs");

        var rows = (await platform.GetAsync($"orgs/{Org}/usage?limit=100")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(2, seen.Count);
        Assert.Equal(
            seen.Select(span => (span.GetProperty("trace").GetString(), Number(span, "input"), Number(span, "output"))).Order(),
            rows.Select(row => (row.GetProperty("trace_id").GetString(), Number(row, "input_tokens"), Number(row, "output_tokens"))).Order());

        // 1,000 in and 200 out of gpt-4o-mini at 0.15 and 0.60, 500 in of the embedding at 0.02 USD per million.
        Assert.Equal(Amount.Parse("0.00028"), await SpentAsync(platform));
        Assert.All(rows, row => Assert.Equal("app_runtime", row.GetProperty("usage_source").GetString()));
    }

    private static async Task<List<JsonElement>> RunAsync(Platform platform, string program)
    {
        await platform.OpenOrgAsync(Org, "1000");
        await platform.SendAsync(HttpMethod.Post, "orgs", new { id = "poor", asset = "USD", billing = "prepaid" });
        var printed = await NodeProgram.RunAsync(program, new Dictionary<string, string>
        {
            ["TIEOUT_URL"] = platform.Url,
            ["TIEOUT_KEY"] = (await platform.MakeKeyAsync(Org)).Secret,
            ["TIEOUT_POOR_KEY"] = (await platform.MakeKeyAsync("poor")).Secret,
        });
        return [.. printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }

    /// <summary>What failed is on record and free, and what came after it is known to be a retry.</summary>
    private static void AssertRetries(List<JsonElement> attempts)
    {
        for (var i = 0; i < attempts.Count; i++)
        {
            Assert.Equal(i + 1, Number(attempts[i], "attempt_no"));
            if (i > 0) Assert.Equal("retry", attempts[i].GetProperty("trigger_type").GetString());
            if (i < attempts.Count - 1)
            {
                Assert.Equal(("failed", Amount.Zero), (attempts[i].GetProperty("basis").GetString(), Platform.Money(attempts[i], "charge")));
            }
        }
    }

    /// <summary>As many records as the clients know of; what they sum up to is what the balance moved by and what the provider billed.</summary>
    private static async Task AssertNothingElseAsync(Platform platform, int records)
    {
        var rows = (await platform.GetAsync($"orgs/{Org}/usage?limit=100")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(records, rows.Count);
        Assert.Equal(await SpentAsync(platform), rows.Sum(row => Platform.Money(row, "charge")));
        Assert.Equal(Amount.Zero, Platform.Money(await platform.GetAsync($"orgs/{Org}/balance"), "held"));
        using var provider = new HttpClient();
        var bill = JsonElement.Parse(await provider.GetStringAsync($"{platform.ProviderUrl}/sim/totals"));
        Assert.Equal((Number(bill, "prompt_tokens"), Number(bill, "completion_tokens")),
            (rows.Sum(row => Number(row, "input_tokens")), rows.Sum(row => Number(row, "output_tokens"))));
        Assert.Empty((await platform.GetAsync("orgs/poor/usage?limit=100")).GetProperty("items").EnumerateArray());
    }

    private static async Task<Amount> SpentAsync(Platform platform) =>
        Amount.Parse("1000") - Platform.Money(await platform.GetAsync($"orgs/{Org}/balance"), "posted");

    private static long Number(JsonElement body, string name) => body.GetProperty(name).GetInt64();
}
