using System.Net;
using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>The spend cap of a key is a hard budget of the key: made in one commit with it, changed and removed, and held at every door.</summary>
public sealed class KeyCapTests
{
    [Fact]
    public async Task B1_a_key_with_a_cap_cannot_spend_beyond_it_and_the_refusal_names_the_key()
    {
        await using var world = await KeyWorld.StartAsync();
        var (id, secret) = await world.MakeAsync(""" "cap":{"limit":"0.000001","window":"month"} """);

        var (status, body) = await world.ChatAsync(secret);
        Assert.Equal((402, "budget_exhausted"), (status, Code(body)));
        Assert.Contains($"key={id}/month", body.ToString(), StringComparison.Ordinal);
        var (_, taken) = await world.IngestAsync(secret);
        Assert.Equal("budget_exhausted", Assert.Single(taken.GetProperty("items").EnumerateArray()).GetProperty("code").GetString());
        Assert.Contains($"key={id}/month", taken.ToString(), StringComparison.Ordinal);

        // Raised: the same key spends, and what it hands in counts too.
        Assert.Equal(200, (await world.AdminAsync(HttpMethod.Put, $"/orgs/acme/keys/{id}/cap", """{"limit":"0.5","window":"month"}""")).Status);
        Assert.Equal(200, (await world.ChatAsync(secret)).Status);
        Assert.Equal(1, (await world.IngestAsync(secret)).Body.GetProperty("accepted").GetInt32());
        var budget = Assert.Single((await world.AdminAsync(HttpMethod.Get, "/orgs/acme/budgets")).Body.GetProperty("items").EnumerateArray(),
            one => one.GetProperty("key").GetString() == id);
        Assert.True(decimal.Parse(budget.GetProperty("posted").GetString()!, System.Globalization.CultureInfo.InvariantCulture) > 0.0025m);
    }

    [Fact]
    public async Task A_key_and_its_cap_are_one_commit_and_the_caps_of_a_key_are_changed_and_removed_one_by_one()
    {
        await using var world = await ApiWorld.StartAsync();
        var before = world.Ledger.Read.AsOf;
        var id = (await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", """{"cap":{"limit":"5"}}""")).GetProperty("id").GetString()!;
        Assert.Equal(before + 1, world.Ledger.Read.AsOf);

        var audit = (await world.GetAsync("/audit?org=acme&limit=1")).GetProperty("items")[0].ToString();
        Assert.Contains(id, audit, StringComparison.Ordinal);
        Assert.Contains("set_budget", audit, StringComparison.Ordinal);
        Assert.DoesNotContain("secret_sha256", audit, StringComparison.Ordinal);

        Assert.Equal("5 total", await CapsAsync(world, id));
        await world.OkAsync(HttpMethod.Put, $"/orgs/acme/keys/{id}/cap", """{"limit":"2","window":"day"}""");
        Assert.Equal("2 day, 5 total", await CapsAsync(world, id));

        // Other limits are replaced as a whole; caps stay.
        await world.OkAsync(HttpMethod.Put, $"/orgs/acme/keys/{id}/terms", """{"models":["gpt-4o"]}""");
        Assert.Equal("2 day, 5 total", await CapsAsync(world, id));
        await world.OkAsync(HttpMethod.Put, $"/orgs/acme/keys/{id}/cap", """{"limit":null,"window":"day"}""");
        Assert.Equal("5 total", await CapsAsync(world, id));
        Assert.Equal("acme/key=" + id + "/total", Assert.Single(await BudgetsAsync(world)));

        // From the command line, where a cap that was removed can be set again.
        Assert.Contains("cap none", (await world.RunAsync("key", "cap", "--org", "acme", id, "--none")).Out, StringComparison.Ordinal);
        Assert.Contains(
            "cap 3 day", (await world.RunAsync("key", "cap", "--org", "acme", id, "--limit", "3", "--window", "day")).Out, StringComparison.Ordinal);
        var made = await world.RunAsync("key", "create", "--org", "acme", "--cap", "7.5", "--cap-window", "month", "--json");
        Assert.Equal("7.5 month", await CapsAsync(world, made.Json.GetProperty("id").GetString()!));
        Assert.Contains("7.5 month", (await world.RunAsync("key", "list", "--org", "acme")).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await world.RunAsync("key", "cap", "--org", "acme", id)).ExitCode);
    }

    // Its spend lies in its tenants' orgs, so such a budget would count nothing and look like a limit.
    [Fact]
    public async Task A_budget_of_a_workers_key_is_refused()
    {
        await using var world = await ApiWorld.StartAsync();
        var worker = await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", """{"worker":true,"tenants":["*"],"scopes":["inference","envelopes"]}""");

        using var response = await world.SendAsync(
            HttpMethod.Put, "/orgs/acme/budgets", $$"""{"window":"day","limit":"5","hard":true,"key":"{{worker.GetProperty("id").GetString()}}"}""");
        Assert.Contains(
            "A worker's key spends for its tenants", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
    }

    [Theory]
    [InlineData(""" "worker":true,"tenants":["*"],"cap":{"limit":"5"} """, "parameter_invalid", "worker")]
    [InlineData(""" "scopes":["read.usage"],"cap":{"limit":"5"} """, "parameter_invalid", "cannot spend")]
    [InlineData(""" "cap":{"limit":"-1"} """, "amount_not_positive", "a cap")]
    public async Task A_cap_that_would_limit_nothing_is_refused_and_no_key_is_made(string body, string code, string why)
    {
        await using var world = await ApiWorld.StartAsync();
        using var response = await world.SendAsync(HttpMethod.Post, "/orgs/acme/keys", $"{{{body}}}");
        Assert.Contains(why, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(code, await ApiWorld.CodeAsync(response, code == "parameter_invalid" ? HttpStatusCode.BadRequest : response.StatusCode));
        Assert.Empty((await world.GetAsync("/orgs/acme/keys")).GetProperty("items").EnumerateArray());
    }

    private static string? Code(JsonElement body) => body.GetProperty("error").GetProperty("code").GetString();

    private static async Task<string?[]> BudgetsAsync(ApiWorld world) =>
        [.. (await world.GetAsync("/orgs/acme/budgets")).GetProperty("items").EnumerateArray().Select(budget => budget.GetProperty("id").GetString())];

    private static async Task<string> CapsAsync(ApiWorld world, string key)
    {
        var body = (await world.GetAsync("/orgs/acme/keys")).GetProperty("items")
            .EnumerateArray().First(one => one.GetProperty("id").GetString() == key).GetProperty("caps");
        return body.ValueKind is JsonValueKind.Null
            ? "" : string.Join(", ", body.EnumerateArray().Select(cap => $"{cap.GetProperty("limit").GetString()} {cap.GetProperty("window").GetString()}"));
    }
}
