using System.Net;
using System.Text.Json;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;
using Tieout.Storage;

namespace Tieout.Server.Tests.Outage;

/// <summary>While the store is away, the server never tells callers that it does not know them, never that nothing was done when something was, and never old
/// figures without saying so.</summary>
public sealed class StoreAwayTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(41);

    [Fact]
    public async Task S1_a_known_key_gets_503_and_not_401_while_settings_cannot_be_read()
    {
        await using var world = await World.StartAsync();
        world.Ledger.Reader = AwayReader.Of(world.Ledger.Inner.Read, Long, nameof(ILedgerReader.SettingsVersion), nameof(ILedgerReader.Settings));
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Post, "/v1/chat/completions"), (HttpMethod.Get, "/v1/models"),
            (HttpMethod.Get, "/v1/responses/resp_1"), (HttpMethod.Post, "/v1/messages"), (HttpMethod.Get, "/api/v1/orgs/acme/balance")])
        {
            using var request = new HttpRequestMessage(method,
                path)
            {
                Content = method == HttpMethod.Post
                    ? new StringContent("""{"model":"gpt-4o","max_tokens":5,"messages":[{"role":"user","content":"x"}]}""", System.Text.Encoding.UTF8,
                        "application/json") : null
            };
            using var answer = await world.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal((path, HttpStatusCode.ServiceUnavailable), (path, answer.StatusCode));
            Assert.DoesNotContain("internal_error", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    // Goal: a reading that fails on the gateway's way is the store's failure, and not a bug of ours.
    [Fact]
    public async Task A_reading_that_fails_on_the_gateways_way_is_503_store_unavailable()
    {
        await using var world = await World.StartAsync();
        world.Ledger.Reader = AwayReader.Of(world.Ledger.Inner.Read, Long, nameof(ILedgerReader.ObjectAsync));
        using var answer = await world.Http.GetAsync("/v1/responses/resp_1", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("store_unavailable", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    // Goal: nobody is told that nothing was done when something was. Method: two items, one of which is sent again with other content, so that the answer needs
    // a reading after
    // the commit; the reading fails.
    [Fact]
    public async Task L3_a_reading_that_fails_after_a_commit_does_not_say_that_nothing_was_recorded()
    {
        await using var world = await ApiWorld.StartAsync();
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("first")}]")).Counts);
        world.Ledger.Reader = AwayReader.Of(world.Ledger.Inner.Read, null, nameof(ILedgerReader.AttemptAsync));
        using var answer =
            await world.SendAsync(HttpMethod.Post, "/usage", $"[{Sending.Record("second")},{Sending.Record("first", ",\"feature\":\"other\"")}]");
        var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "partial"), (answer.StatusCode, problem.GetProperty("effect").GetString()));
        Assert.DoesNotContain("Nothing was", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        world.Ledger.Reader = null;
        Assert.Equal(2, (await world.RowsAsync()).Length);
    }

    [Theory]
    [InlineData(StoreEffect.None, "none", "Nothing was recorded")]
    [InlineData(StoreEffect.Unknown, "unknown", "top-up t-1")]
    public async Task An_unknown_outcome_is_told_as_unknown_with_the_id_to_ask_for(StoreEffect effect, string told, string sentence)
    {
        await using var world = await ApiWorld.StartAsync();
        (world.Ledger.Broken, world.Ledger.Effect) = (command => command is Core.Ledger.Command.TopUp, effect);
        using var answer = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"t-1","amount":"5"}""");
        var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, told), (answer.StatusCode, problem.GetProperty("effect").GetString()));
        Assert.Contains(sentence, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Q1_old_figures_say_that_they_are_old_and_a_balance_is_not_given()
    {
        await using var world = await ApiWorld.StartAsync();
        world.Ledger.Reader = AwayReader.Of(world.Ledger.Inner.Read, Long, nameof(ILedgerReader.Balance), nameof(ILedgerReader.Budgets));
        using var orgs = await world.SendAsync(HttpMethod.Get, "/orgs");
        Assert.Equal("41.0", orgs.Headers.GetValues("Tieout-Stale").Single());
        var body = JsonElement.Parse(await orgs.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.True(body.GetProperty("stale").GetBoolean());
        Assert.True(body.TryGetProperty("as_of", out _));
        foreach (var path in (string[])["/orgs/acme/balance", "/orgs/acme/budgets"])
        {
            using var refused = await world.SendAsync(HttpMethod.Get, path);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        world.Ledger.Reader = null;
        using var fresh = await world.SendAsync(HttpMethod.Get, "/orgs");
        Assert.False(fresh.Headers.Contains("Tieout-Stale"));
        Assert.DoesNotContain("stale", await fresh.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", HttpStatusCode.OK)]
    [InlineData("3", HttpStatusCode.OK)]
    [InlineData("999999", HttpStatusCode.ServiceUnavailable)]
    [InlineData("soon", HttpStatusCode.BadRequest)]
    [InlineData("-1", HttpStatusCode.BadRequest)]
    public async Task Q1_figures_are_at_least_of_the_commit_that_is_asked_for(string commit, HttpStatusCode status)
    {
        await using var world = await ApiWorld.StartAsync();
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/balance?min_commit={commit}");
        Assert.Equal(status, answer.StatusCode);
    }
}
