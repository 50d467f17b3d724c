using System.Globalization;
using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary>How far the usage that a key hands in may go beyond what its org has.</summary>
public sealed class FactCapTests
{
    /// <summary>One moment for all, so that an item that is sent again is the same.</summary>
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    /// <summary>Of gpt-4o's input at 2.50 a million: 0.80.</summary>
    private const int Tokens = 320_000;

    // The fault: a prepaid org of 25 went to minus hundreds of millions in one call of a key that was made for chat.
    [Fact]
    public async Task B1_usage_beyond_the_balance_is_refused_without_the_scope_for_facts()
    {
        await using var world = await StartAsync("1");
        var key = await KeyAsync(world, """["usage.write"]""");
        var first = await world.UsageAsync($"[{Item("a")},{Item("b")}]", key);
        Assert.Equal((1, 0, 0, 1), first.Counts);
        Assert.Equal("insufficient_balance", first.Code());
        Assert.Contains("usage.facts", first.Items[0].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(0.2m, await BalanceAsync(world));

        // What was charged once is answered as a replay, room or no room (L3).
        Assert.Equal((0, 1, 0, 0), (await world.UsageAsync($"[{Item("a")}]", key)).Counts);
    }

    [Fact]
    public async Task B1_facts_of_a_key_pass_a_limit_within_the_caps_of_a_call_and_a_day()
    {
        await using var world = await StartAsync("1");
        var key = await KeyAsync(world, """["usage.write","usage.facts"],"facts_per_call":"1","facts_per_day":"3" """);

        // 0.80 of 1 is there; the second is beyond the balance, and beyond what one call may add as facts.
        Assert.Equal((1, 0, 0, 1), (await world.UsageAsync($"[{Item("a")},{Item("b")}]", key)).Counts);
        Assert.Equal(0.2m, await BalanceAsync(world));
        foreach (var id in (string[])["c", "d", "e"]) Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Item(id)}]", key)).Counts);
        Assert.Equal(-2.2m, await BalanceAsync(world));

        // Another 0.80 were 3.00: the cap itself is allowed, a token more is not.
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Item("f")}]", key)).Counts);
        var refused = await world.UsageAsync($"[{Item("g", tokens: 1_000)}]", key);
        Assert.Equal((0, 0, 0, 1), refused.Counts);
        Assert.Contains("at most 1 a call and 3 a day", refused.Items[0].GetProperty("detail").GetString(), StringComparison.Ordinal);

        // A second key gains nothing: the day's sum is the org's.
        var second = await KeyAsync(world, """["usage.write","usage.facts"],"facts_per_call":"1","facts_per_day":"3" """);
        Assert.Equal((0, 0, 0, 1), (await world.UsageAsync($"[{Item("of-the-second", tokens: 1_000)}]", second)).Counts);

        // Back-dating gains nothing, and the platform is not bound by a key's caps.
        Assert.Equal((0, 0, 0, 1), (await world.UsageAsync($"[{Item("h", day: -1)}]", key)).Counts);
        Assert.Equal(-3m, await BalanceAsync(world));
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Item("i", org: "poor")}]")).Counts);
    }

    [Fact]
    public async Task B1_the_cap_of_a_day_holds_for_a_hard_budget_and_for_calls_at_once()
    {
        await using var world = await StartAsync("1000");
        await world.OkAsync(HttpMethod.Put, "/orgs/poor/budgets", """{"window":"day","limit":"1","hard":true}""");
        var key = await KeyAsync(world, """["usage.write","usage.facts"],"facts_per_call":"1","facts_per_day":"3" """);
        var taken = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => world.UsageAsync($"[{Item($"at-once-{i}")}]", key)));
        Assert.Equal(5, taken.Sum(one => one.Accepted));
        Assert.Equal(19, taken.Sum(one => one.Refused));
        Assert.Equal(996m, await BalanceAsync(world));
    }

    [Fact]
    public async Task A_key_that_is_limited_to_models_hands_in_usage_of_no_other()
    {
        await using var world = await StartAsync("1000");
        var key = await KeyAsync(world, """["usage.write"],"models":["gpt-4o-mini*"] """);
        var taken = await world.UsageAsync($"[{Item("a")},{Item("b", model: "gpt-4o-mini")}]", key);
        Assert.Equal((1, 0, 0, 1), taken.Counts);
        Assert.Equal("model_not_allowed", taken.Code());
    }

    private static async Task<ApiWorld> StartAsync(string money)
    {
        var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"poor","asset":"USD","billing":"prepaid"}""");
        await world.OkAsync(HttpMethod.Post, "/orgs/poor/topups", $$"""{"id":"first-of-poor","amount":"{{money}}"}""");
        return world;
    }

    private static async Task<string> KeyAsync(ApiWorld world, string scopesAndMore) =>
        (await world.OkAsync(HttpMethod.Post, "/orgs/poor/keys", $$"""{"scopes":{{scopesAndMore}}}""")).GetProperty("key").GetString()!;

    private static async Task<decimal> BalanceAsync(ApiWorld world) =>
        decimal.Parse((await world.GetAsync("/orgs/poor/balance")).GetProperty("posted").GetString()!, CultureInfo.InvariantCulture);

    /// <param name="day">0: now.</param>
    private static string Item(string id, int day = 0, int tokens = Tokens, string model = "gpt-4o", string? org = null) =>
        JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["id"] = id,
            ["occurred_at"] = Now.AddDays(day).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["org"] = org ?? "poor",
            ["provider"] = "openai",
            ["model"] = model,
            ["input_tokens"] = tokens,
            ["output_tokens"] = 0,
        });
}
