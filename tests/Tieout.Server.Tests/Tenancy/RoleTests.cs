using System.Net;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Tokens with roles, and the record of what was done with them. <see cref="AccessMatrixTests"/> holds what each role may do.</summary>
public sealed class RoleTests
{
    [Fact]
    public async Task A_revoked_token_is_refused_at_once()
    {
        await using var world = await ApiWorld.StartAsync();
        var made = await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"viewer","name":"ana"}""");
        var token = made.GetProperty("token").GetString()!;
        await world.GetAsync("/orgs", token);
        await world.OkAsync(HttpMethod.Post, $"/tokens/{made.GetProperty("id").GetString()}/revoke");
        using var refused = await world.SendAsync(HttpMethod.Get, "/orgs", token: token);
        Assert.Equal("unauthorized", await ApiWorld.CodeAsync(refused, HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task Every_admin_action_is_in_the_audit_with_who_what_before_and_after()
    {
        await using var world = await ApiWorld.StartAsync();
        var token = await TokenAsync(world, "operator");
        var (key, _) = await world.KeyAsync();
        await world.OkAsync(HttpMethod.Post, $"/orgs/acme/keys/{key}/block", token: token);
        using (var refused = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"first","amount":"7"}"""))
        {
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        }

        var items = (await world.GetAsync("/audit")).GetProperty("items").EnumerateArray().ToList();
        var topUp = items[0];
        var block = items[1];
        Assert.Equal(("POST /orgs/{org}/topups", "refused:id_reused", "admin"), (Text(topUp, "action"), Text(topUp, "outcome"), Text(topUp, "actor")));
        Assert.Equal("7", topUp.GetProperty("after").GetProperty("amount").GetString());
        Assert.Equal(("POST /orgs/{org}/keys/{key}/block", $"/orgs/acme/keys/{key}/block", "done", "operator"),
            (Text(block, "action"), Text(block, "target"), Text(block, "outcome"), Text(block, "role")));
        Assert.StartsWith("tok_", Text(block, "actor"), StringComparison.Ordinal);
        Assert.NotEmpty(Text(block, "correlation_id"));
        Assert.False(block.GetProperty("before").GetProperty("blocked").GetBoolean());
        Assert.True(block.GetProperty("after").GetProperty("blocked").GetBoolean());
        Assert.Equal(["POST /orgs", "POST /orgs/{org}/teams", "POST /orgs/{org}/topups", "POST /tokens", "POST /orgs/{org}/keys"],
            items.Skip(2).Reverse().Select(item => Text(item, "action")));

        // Page by page it is the same.
        var paged = new List<string>();
        string? cursor = null;
        do
        {
            var page = await world.GetAsync($"/audit?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            paged.AddRange(page.GetProperty("items").EnumerateArray().Select(item => Text(item, "id")));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(items.Select(item => Text(item, "id")), paged);
        Assert.Contains("POST /orgs/{org}/topups", (await world.RunAsync("audit", "--org", "acme")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_and_keys_are_managed_from_the_command_line()
    {
        await using var world = await ApiWorld.StartAsync();
        var made = (await world.RunAsync("token", "create", "--role", "viewer", "--json")).Json;
        Assert.Contains(made.GetProperty("id").GetString()!, (await world.RunAsync("token", "list")).Out, StringComparison.Ordinal);
        var key = (await world.RunAsync("key", "create", "--org", "acme", "--model", "gpt-4o*", "--scope", "chat", "--metadata", "cost_center=42",
            "--json")).Json.GetProperty("id").GetString()!;
        var rotated = (await world.RunAsync("key", "rotate", "--org", "acme", key, "--grace", "60", "--json")).Json;
        Assert.Equal(System.Text.Json.JsonValueKind.String, rotated.GetProperty("previous_until").ValueKind);
        Assert.Equal(0, (await world.RunAsync("key", "terms", "--org", "acme", key, "--scope", "embeddings")).ExitCode);
        Assert.Equal(0, (await world.RunAsync("key", "expire", "--org", "acme", key)).ExitCode);
        Assert.Equal(2, (await world.RunAsync("key", "create", "--org", "acme", "--scope", "gardening")).ExitCode);
        Assert.Equal(0, (await world.RunAsync("token", "revoke", made.GetProperty("id").GetString()!)).ExitCode);
        Assert.Contains("0 charged now", (await world.RunAsync("costs", "replay-dlq")).Out, StringComparison.Ordinal);
        Assert.Contains("spool 0, dropped 0", (await world.RunAsync("health")).Out, StringComparison.Ordinal);
    }

    private static string Text(System.Text.Json.JsonElement item, string name) => item.GetProperty(name).GetString()!;

    private static async Task<string> TokenAsync(ApiWorld world, string role) =>
        (await world.OkAsync(HttpMethod.Post, "/tokens", $$"""{"role":"{{role}}"}""")).GetProperty("token").GetString()!;
}
