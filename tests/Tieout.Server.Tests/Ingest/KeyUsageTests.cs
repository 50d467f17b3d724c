using System.Net;
using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary>What a key hands in counts for that key, at every door: else a budget of the key could be evaded by not naming it.</summary>
public sealed class KeyUsageTests
{
    /// <summary>Each item costs 0.00045.</summary>
    private static readonly (string Address, string Type, string Body)[] Doors =
    [
        ("/api/v1/usage", "application/json", $"[{Sending.Record("plain")}]"),
        ("/api/v1/events", "application/cloudevents+json",
            $$$"""{"specversion":"1.0","id":"event","source":"service-0","type":"ai.usage.attempt.v1","time":"{{{Sending.At}}}","data":{"provider":"openai","model":"gpt-4o","input_tokens":100,"output_tokens":20}}"""),
        ("/v1/traces", "application/json",
            """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"chat","startTimeUnixNano":"1795161600000000000","endTimeUnixNano":"1795161601000000000",
            "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},
            {"key":"gen_ai.usage.input_tokens","value":{"intValue":100}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":20}}]}]}]}]}
            """),
    ];

    [Fact]
    public async Task B1_a_hard_budget_of_a_key_counts_what_the_key_hands_in_at_every_door()
    {
        await using var world = await ApiWorld.StartAsync();
        var (id, key) = await world.KeyAsync();
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", $$"""{"window":"total","limit":"0.00135","hard":true,"key":"{{id}}"}""");

        foreach (var (address, type, body) in Doors)
        {
            using var response = await world.SendAsync(address, body, key, type);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        var rows = await world.RowsAsync();
        Assert.Equal(Doors.Length, rows.Length);
        Assert.All(rows, row => Assert.Equal(id, row.GetProperty("key_id").GetString()));
        Assert.Equal("0.00135", (await BudgetAsync(world)).GetProperty("posted").GetString());

        var beyond = await world.UsageAsync($"[{Sending.Record("beyond")}]", await ScopedAsync(world, id));
        Assert.Equal((0, 0, 0, 1), beyond.Counts);
        Assert.Equal("budget_exhausted", beyond.Code());
    }

    // A key made without scopes traces its own calls with the same key that makes them; a key for one kind of call hands in nothing.
    [Fact]
    public async Task B1_a_new_key_hands_in_usage_within_the_limits_and_never_beyond_them()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", """{"window":"total","limit":"0.00135","hard":true}""");
        var key = (await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", "{}")).GetProperty("key").GetString()!;
        var chat = (await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", """{"scopes":["chat"]}""")).GetProperty("key").GetString()!;
        foreach (var (address, type, body) in Doors)
        {
            using var taken = await world.SendAsync(address, body, key, type);
            using var refused = await world.SendAsync(address, body, chat, type);
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (taken.StatusCode, refused.StatusCode));
        }

        var beyond = await world.UsageAsync($"[{Sending.Record("beyond")}]", key);
        Assert.Equal((0, 0, 0, 1), beyond.Counts);
        Assert.Equal("budget_exhausted", beyond.Code());
        Assert.Equal(Doors.Length, (await world.RowsAsync()).Length);
    }

    [Fact]
    public async Task A_key_names_itself_or_no_key()
    {
        await using var world = await ApiWorld.StartAsync();
        var (id, key) = await world.KeyAsync();
        var (other, _) = await world.KeyAsync();

        var taken = await world.UsageAsync(
            $"[{Sending.Record("a", $",\"key\":\"{id}\"")},{Sending.Record("b", $",\"key\":\"{other}\"")},{Sending.Record("c", ",\"key\":\"nobody\"")}]", key);

        Assert.Equal((1, 0, 0, 2), taken.Counts);
        Assert.Equal(("forbidden", "forbidden"), (taken.Code(), taken.Code(1)));
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("d", $",\"key\":\"{other}\"")}]")).Counts);
    }

    // Recorded by an earlier version, which left the key out. The platform's items are recorded so, too.
    [Fact]
    public async Task L3_items_recorded_without_their_key_are_replays_when_the_key_sends_them_again()
    {
        await using var world = await ApiWorld.StartAsync();
        var (_, key) = await world.KeyAsync();
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("a")}]")).Counts);

        Assert.Equal((0, 1, 0, 0), (await world.UsageAsync($"[{Sending.Record("a")}]", key)).Counts);
        Assert.Equal((0, 0, 1, 0), (await world.UsageAsync($"[{Sending.Record("a", input: 101)}]", key)).Counts);
    }

    private static async Task<JsonElement> BudgetAsync(ApiWorld world) =>
        Assert.Single((await world.GetAsync("/orgs/acme/budgets")).GetProperty("items").EnumerateArray());

    /// <summary>The key's new secret, after it may no longer hand in facts beyond a limit.</summary>
    private static async Task<string> ScopedAsync(ApiWorld world, string id)
    {
        await world.OkAsync(HttpMethod.Put, $"/orgs/acme/keys/{id}/terms", """{"scopes":["usage.write"]}""");
        return (await world.OkAsync(HttpMethod.Post, $"/orgs/acme/keys/{id}/rotate", """{"now":true}""")).GetProperty("key").GetString()!;
    }
}
