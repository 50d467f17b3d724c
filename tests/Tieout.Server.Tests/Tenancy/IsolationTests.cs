using System.Net;
using Tieout.Server.Tests.Errors;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Tenancy;

public sealed class IsolationTests(ErrorTests.Shared shared) : IClassFixture<ErrorTests.Shared>
{
    [Fact]
    public async Task Without_a_credential_nothing_is_answered()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var token in new[] { "", "tk_wrong", ApiWorld.Admin + "x", ApiWorld.Admin[..^1] })
        {
            using var response = await world.SendAsync(HttpMethod.Get, "/orgs", token: token);
            Assert.Equal("unauthorized", await ApiWorld.CodeAsync(response, HttpStatusCode.Unauthorized));
        }
    }

    [Fact]
    public async Task A_key_reads_its_own_org_and_nothing_else()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"prepaid"}""");
        var (_, mine) = await world.KeyAsync(team: "red");
        await world.ChargeAsync("1.5", operation: "mine");
        await world.ChargeAsync("0", org: "other", operation: "theirs");

        string[] readable = ["", "/balance", "/usage", "/budgets", "/operations/mine", "/invoices/2026-11", "/costs/today", "/spend"];
        foreach (var path in readable)
        {
            Assert.True((await world.SendAsync(HttpMethod.Get, $"/orgs/acme{path}", token: mine)).IsSuccessStatusCode, path);
            using var foreign = await world.SendAsync(HttpMethod.Get, $"/orgs/other{path.Replace("mine", "theirs", StringComparison.Ordinal)}", token: mine);
            Assert.Equal("org_not_found", await ApiWorld.CodeAsync(foreign, HttpStatusCode.NotFound));
            using var nobody = await world.SendAsync(HttpMethod.Get, $"/orgs/nobody{path}", token: mine);
            Assert.Equal("org_not_found", await ApiWorld.CodeAsync(nobody, HttpStatusCode.NotFound));
        }

        // Found by id alone, but only where it is ours.
        Assert.Equal("1.5", (await world.GetAsync("/operations/mine", mine)).GetProperty("charge").GetString());
        using var theirs = await world.SendAsync(HttpMethod.Get, "/operations/theirs", token: mine);
        Assert.Equal("operation_not_found", await ApiWorld.CodeAsync(theirs, HttpStatusCode.NotFound));
    }

    [Theory]
    [InlineData("GET", "/orgs")]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/findings")]
    [InlineData("GET", "/holds")]
    [InlineData("GET", "/costs/today")]
    [InlineData("GET", "/spend")]
    [InlineData("GET", "/prices")]
    [InlineData("GET", "/orgs/acme/keys")]
    [InlineData("GET", "/orgs/acme/teams")]
    [InlineData("GET", "/orgs/acme/findings")]
    [InlineData("GET", "/orgs/acme/holds")]
    [InlineData("POST", "/orgs/acme/keys")]
    [InlineData("POST", "/orgs/acme/topups")]
    [InlineData("POST", "/orgs/acme/grants")]
    [InlineData("POST", "/orgs/acme/corrections")]
    [InlineData("POST", "/orgs/acme/invoices/2026-10/close")]
    [InlineData("PUT", "/orgs/acme/budgets")]
    [InlineData("PUT", "/orgs/acme/price-policy")]
    public async Task A_key_may_not_do_what_is_the_platforms(string method, string path)
    {
        var (_, mine) = await shared.World.KeyAsync();
        using var response = await shared.World.SendAsync(new HttpMethod(method), path, method == "GET" ? null : """{"id":"x","amount":"1"}""", mine);
        Assert.Equal("forbidden", await ApiWorld.CodeAsync(response, HttpStatusCode.Forbidden));
    }

    [Fact]
    public async Task A_blocked_key_is_refused_at_once_and_an_unblocked_one_let_in_again()
    {
        await using var world = await ApiWorld.StartAsync();
        var (id, secret) = await world.KeyAsync();
        await world.OkAsync(HttpMethod.Post, $"/orgs/acme/keys/{id}/block");
        using (var response = await world.SendAsync(HttpMethod.Get, "/orgs/acme/balance", token: secret))
        {
            Assert.Equal("unauthorized", await ApiWorld.CodeAsync(response, HttpStatusCode.Unauthorized));
        }

        await world.OkAsync(HttpMethod.Post, $"/orgs/acme/keys/{id}/unblock");
        await world.GetAsync("/orgs/acme/balance", secret);
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_kept_nowhere()
    {
        await using var world = await ApiWorld.StartAsync();
        var (id, secret) = await world.KeyAsync(team: "red");

        Assert.Matches("^tk_[A-Za-z0-9]{49}$", secret);
        Assert.Matches("^key_[0-9a-f]+$", id);
        Assert.DoesNotContain(secret, (await world.GetAsync("/orgs/acme/keys")).GetRawText(), StringComparison.Ordinal);
        Assert.All(world.Ledger.Read.Settings, row => Assert.DoesNotContain(secret, row.Body, StringComparison.Ordinal));
    }
}
