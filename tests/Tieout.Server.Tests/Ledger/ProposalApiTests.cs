using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ledger;

/// <summary>The second person and the freeze, at the doors.</summary>
public sealed class ProposalApiTests
{
    private const string Big = """{"id":"big","amount":"5000","reason":"contract 17"}""";

    [Fact]
    public async Task U1_a_top_up_above_the_limit_waits_until_another_person_approves_exactly_that()
    {
        await using var world = await StartAsync();
        var (_, ben) = await TokenAsync(world, "finance");
        var (_, viewer) = await TokenAsync(world, "viewer");
        using (var bare = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"big","amount":"5000"}"""))
        {
            Assert.Equal("reason_needed", await ApiWorld.CodeAsync(bare, HttpStatusCode.BadRequest));
        }

        var proposal = await ProposedAsync(world, "/orgs/acme/topups", Big);
        Assert.Equal(("pending", "5000", "contract 17", "admin"),
            (Text(proposal, "state"), Text(proposal, "moves"), Text(proposal, "reason"), Text(proposal, "proposed_by")));
        Assert.Equal("5000", proposal.GetProperty("content").GetProperty("amount").GetString());
        Assert.Equal(Text(proposal, "id"), Text(await ProposedAsync(world, "/orgs/acme/topups", Big), "id"));
        Assert.Equal("1000", await PostedAsync(world));

        var address = $"/orgs/acme/proposals/{Text(proposal, "id")}/approve";
        var body = $$"""{"hash":"{{Text(proposal, "hash")}}"}""";
        Assert.Equal("proposal_own", await RefusedAsync(world, address, body, ApiWorld.Admin));
        Assert.Equal("forbidden", await RefusedAsync(world, address, body, viewer));
        Assert.Equal("proposal_differs", await RefusedAsync(world, address, $$"""{"hash":"{{new string('0', 64)}}"}""", ben));
        Assert.Equal("proposal_not_found", await RefusedAsync(world, "/orgs/acme/proposals/prop_none/approve", body, ben));
        Assert.Equal("1000", await PostedAsync(world));

        var approved = await world.OkAsync(HttpMethod.Post, address, body, ben);
        Assert.Equal(("approved", "6000"), (Text(approved, "state"), await PostedAsync(world)));
        Assert.StartsWith("tok_", Text(approved, "decided_by"), StringComparison.Ordinal);
        await world.OkAsync(HttpMethod.Post, address, body, ben);
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/topups", Big);
        Assert.Equal("6000", await PostedAsync(world));

        // Each refused approval is a record, also those that the gate refused.
        var outcomes = (await world.GetAsync("/audit")).GetProperty("items").EnumerateArray()
            .Where(item => Text(item, "action").EndsWith("/approve", StringComparison.Ordinal)).Select(item => Text(item, "outcome")).Reverse();
        Assert.Equal(["refused:proposal_own", "refused:forbidden", "refused:proposal_differs", "refused:proposal_not_found", "done", "unchanged"], outcomes);
    }

    [Fact]
    public async Task U1_price_policies_postpaid_orgs_grants_corrections_and_stated_charges_pass_the_same_rule()
    {
        await using var world = await StartAsync();
        await ProposedAsync(world, "/orgs/acme/grants", """{"id":"g","amount":"101","reason":"r"}""");
        await ProposedAsync(world, "/orgs/acme/corrections", """{"id":"c","posting":1,"reason":"r"}""");
        await ProposedAsync(world, "/orgs/acme/price-policy", """{"markup":"3","reason":"r"}""", HttpMethod.Put);
        await ProposedAsync(world, "/orgs", """{"id":"owes","asset":"USD","billing":"postpaid","reason":"r"}""");
        var stated = await world.OkAsync(HttpMethod.Post, "/usage",
            """{"items":[{"id":"s1","source":"hand","org":"acme","model":"gpt-4o","provider":"openai","occurred_at":"2026-01-01T00:00:00Z","charge":"101"}]}""");
        Assert.Equal("approval_required", Text(stated.GetProperty("items")[0], "code"));
        Assert.Equal(5, (await world.GetAsync("/proposals")).GetProperty("items").GetArrayLength());
        Assert.Equal("1000", await PostedAsync(world));
        Assert.Equal(HttpStatusCode.NotFound, (await world.SendAsync(HttpMethod.Get, "/orgs/owes")).StatusCode);
    }

    [Fact]
    public async Task Proposals_are_listed_shown_approved_and_rejected_from_the_command_line()
    {
        await using var world = await StartAsync();
        var (_, ben) = await TokenAsync(world, "finance");
        var waits = await world.RunAsync("topup", "acme", "5000", "--id", "big", "--reason", "contract 17");
        Assert.Equal(1, waits.ExitCode);
        Assert.Contains("They run: tieout proposals approve acme prop_", waits.Error, StringComparison.Ordinal);
        var list = await world.RunAsync("proposals", "list");
        Assert.Contains("contract 17", list.Out, StringComparison.Ordinal);
        var (id, hash) = await FirstAsync(world);
        Assert.Contains($"hash      {hash}", (await world.RunAsync("proposals", "show", "acme", id)).Out, StringComparison.Ordinal);
        var approved = await world.RunAsync("proposals", "approve", "acme", id, "--hash", hash, "--token", ben);
        Assert.Equal((0, true), (approved.ExitCode, approved.Out.Contains("is approved by tok_", StringComparison.Ordinal)));

        Assert.Equal(1, (await world.RunAsync("grant", "acme", "500", "--id", "g", "--reason", "sorry")).ExitCode);
        (id, _) = await FirstAsync(world);
        Assert.Equal(0, (await world.RunAsync("proposals", "reject", "acme", id, "--reason", "too much")).ExitCode);
        Assert.Contains("rejected", (await world.RunAsync("proposals", "list", "--org", "acme")).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await world.RunAsync("grant", "acme", "500", "--id", "g", "--reason", "sorry")).ExitCode);
        Assert.Equal("6000", await PostedAsync(world));
    }

    [Fact]
    public async Task A_freeze_by_hand_holds_at_every_door_shows_in_org_show_and_ends_with_unfreeze()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1");
        Assert.Equal(0, (await world.RunAsync("freeze", "acme", "--reason", "fraud case 9")).ExitCode);
        Assert.Contains("frozen since", (await world.RunAsync("org", "show", "acme")).Out, StringComparison.Ordinal);
        Assert.Contains("by admin (fraud case 9)", (await world.RunAsync("org", "show", "acme")).Out, StringComparison.Ordinal);
        (HttpMethod Method, string Path, string Body)[] doors =
        [
            (HttpMethod.Post, "/orgs/acme/topups", """{"id":"f","amount":"1"}"""),
            (HttpMethod.Post, "/orgs/acme/grants", """{"id":"f","amount":"1"}"""),
            (HttpMethod.Post, "/orgs/acme/corrections", """{"id":"f","posting":1,"reason":"r"}"""),
            (HttpMethod.Put, "/orgs/acme/price-policy", """{"markup":"2"}"""),
        ];
        foreach (var (method, path, body) in doors)
        {
            using var refused = await world.SendAsync(method, path, body);
            Assert.Equal("adjustments_frozen", await ApiWorld.CodeAsync(refused, HttpStatusCode.Conflict));
        }

        // What is not moved by hand goes on.
        await world.ChargeAsync("1");
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"first","amount":"1000"}""");
        Assert.Equal(0, (await world.RunAsync("unfreeze", "acme", "--reason", "settled")).ExitCode);
        Assert.DoesNotContain("frozen", (await world.RunAsync("org", "show", "acme")).Out, StringComparison.Ordinal);
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"f","amount":"1"}""");
    }

    private static Task<ApiWorld> StartAsync() =>
        ApiWorld.StartAsync(options =>
            options with { Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("USD", Amount.Parse("100")) } }, topUpByHand: false);

    private static async Task<JsonElement> ProposedAsync(ApiWorld world, string path, string body, HttpMethod? method = null)
    {
        using var response = await world.SendAsync(method ?? HttpMethod.Post, path, body);
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<string> RefusedAsync(ApiWorld world, string path, string body, string token)
    {
        using var response = await world.SendAsync(HttpMethod.Post, path, body, token);
        return await ApiWorld.CodeAsync(response, response.StatusCode);
    }

    private static async Task<(string Id, string Token)> TokenAsync(ApiWorld world, string role)
    {
        var made = await world.OkAsync(HttpMethod.Post, "/tokens", $$"""{"role":"{{role}}"}""");
        return (Text(made, "id"), Text(made, "token"));
    }

    private static async Task<(string Id, string Hash)> FirstAsync(ApiWorld world)
    {
        var item = (await world.GetAsync("/proposals")).GetProperty("items")[0];
        return (Text(item, "id"), Text(item, "hash"));
    }

    private static async Task<string> PostedAsync(ApiWorld world) => Text(await world.GetAsync("/orgs/acme/balance"), "posted");

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;
}
