using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ledger;

/// <summary>The second person where one org, one action or one page is not all of it.</summary>
public sealed class SecondPersonTests
{
    private const string List = """
        {"format":"tieout-prices/1","list":"vendor","version":"1","asset":"USD","providers":[{"id":"other","models":[{"id":"big-1","match":"big-1","rates":{"input_tokens":"2","output_tokens":"6"}}]}]}
        """;

    [Fact]
    public async Task U1_a_price_list_of_all_orgs_waits_for_a_second_person_and_prices_nothing_before()
    {
        await using var world = await StartAsync();
        var ben = (await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"finance"}""")).GetProperty("token").GetString()!;
        using (var bare = await world.SendAsync(HttpMethod.Post, "/prices?format=tieout", List))
        {
            Assert.Equal("reason_needed", await ApiWorld.CodeAsync(bare, HttpStatusCode.BadRequest));
        }

        using var waits = await world.SendAsync(HttpMethod.Post, "/prices?format=tieout&reason=contract", List);
        Assert.Equal(HttpStatusCode.Accepted, waits.StatusCode);
        var proposal = await waits.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        var (id, hash) = (proposal.GetProperty("id").GetString()!, proposal.GetProperty("hash").GetString()!);
        using (var unknown = await world.SendAsync(HttpMethod.Get, "/prices/other/big-1")) Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);

        Assert.Contains("vendor", (await world.RunAsync("proposals", "show", "-", id)).Out, StringComparison.Ordinal);
        using (var own = await world.SendAsync(HttpMethod.Post, $"/proposals/{id}/approve", $$"""{"hash":"{{hash}}"}"""))
        {
            Assert.Equal("proposal_own", await ApiWorld.CodeAsync(own, HttpStatusCode.Forbidden));
        }

        var approved = await world.RunAsync("proposals", "approve", "-", id, "--hash", hash, "--token", ben);
        Assert.True(approved.ExitCode == 0, approved.Error);
        Assert.Equal("other", (await world.GetAsync("/prices/other/big-1")).GetProperty("provider").GetString());
        using var again = await world.SendAsync(HttpMethod.Post, "/prices?format=tieout&reason=contract", List);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);

        // Two tokens of one person are no second person.
        var (one, two) = (await OfCleoAsync(), await OfCleoAsync());
        var grant = await world.OkAsync(HttpMethod.Post, "/orgs/acme/grants", """{"id":"of-cleo","amount":"5000","reason":"goodwill"}""", one);
        var approval = ($"/orgs/acme/proposals/{grant.GetProperty("id").GetString()}/approve", $$"""{"hash":"{{grant.GetProperty("hash").GetString()}}"}""");
        using (var own = await world.SendAsync(HttpMethod.Post, approval.Item1, approval.Item2, two))
        {
            Assert.Equal("proposal_own", await ApiWorld.CodeAsync(own, HttpStatusCode.Forbidden));
        }

        await world.OkAsync(HttpMethod.Post, approval.Item1, approval.Item2, ben);

        async Task<string> OfCleoAsync() =>
            (await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"finance","name":"cleo"}""")).GetProperty("token").GetString()!;
    }

    [Fact]
    public async Task U1_actions_of_one_person_that_arrive_at_once_are_added_up()
    {
        await using var world = await StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            using var answer = await world.SendAsync(HttpMethod.Post, "/orgs/acme/grants", $$"""{"id":"g{{i}}","amount":"30","reason":"goodwill"}""");
            return answer.StatusCode;
        }));
        Assert.Equal((3, 9), (answers.Count(code => code == HttpStatusCode.Created), answers.Count(code => code == HttpStatusCode.Accepted)));
        Assert.Equal("1090", (await world.GetAsync("/orgs/acme/balance")).GetProperty("posted").GetString());
    }

    [Fact]
    public async Task Pending_proposals_of_all_orgs_are_listed_page_by_page()
    {
        await using var world = await StartAsync();
        for (var i = 0; i < 5; i++)
        {
            using var waits = await world.SendAsync(HttpMethod.Post, "/orgs/acme/grants", $$"""{"id":"g{{i}}","amount":"500","reason":"r"}""");
            Assert.Equal(HttpStatusCode.Accepted, waits.StatusCode);
        }

        List<string> ids = [];
        for (var cursor = ""; ;)
        {
            var page = await world.GetAsync("/proposals?limit=2" + cursor);
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 0, 2);
            if (page.GetProperty("next_cursor").GetString() is not { } next) break;
            cursor = "&cursor=" + next;
        }

        Assert.Equal((5, 5), (ids.Count, ids.Distinct().Count()));
    }

    private static Task<ApiWorld> StartAsync() =>
        ApiWorld.StartAsync(options =>
            options with { Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("USD", Amount.Parse("100")) } }, topUpByHand: false);
}
