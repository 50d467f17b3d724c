using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Governor;

/// <summary>The ledger's limits through the doors: each refusal has its code and says the limit, and the store holds the same after a restart.</summary>
public sealed class LedgerLimitTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Settings_beyond_the_limit_are_refused_with_the_limit()
    {
        await using var world =
            await ApiWorld.StartAsync(options => options with { Governor = options.Governor with { Ledger = new() { SettingsPerKind = 2 } } });
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/teams", """{"name":"blue"}""");

        using var refused = await world.SendAsync(HttpMethod.Post, "/orgs/acme/teams", """{"name":"green"}""");
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>(Stop);

        Assert.Equal((HttpStatusCode.Conflict, "too_many_settings"), (refused.StatusCode, problem.GetProperty("code").GetString()));
        Assert.Contains("2 settings", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hold_beyond_the_limit_is_refused_with_the_limit()
    {
        await using var world =
            await World.StartAsync(change: options => options with { Governor = options.Governor with { Ledger = new() { OpenHoldsPerOrg = 1 } } });
        await world.DoAsync(new Command.PlaceHold(new(Guid.CreateVersion7()), new() { Org = World.Org, Source = UsageSource.Gateway }, null, "op",
            Core.Money.Amount.Parse("1"), TimeSpan.FromMinutes(5)));

        using var refused = await world.ChatAsync(World.Hello);
        var error = (await refused.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("error");

        Assert.Equal((HttpStatusCode.TooManyRequests, "too_many_open_holds"), (refused.StatusCode, error.GetProperty("code").GetString()));
        Assert.Contains("1 open holds", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(world.Bill.Calls());
    }

    [Fact]
    public async Task A_store_that_is_opened_again_counts_what_is_there()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        var limits = new LedgerLimits { LabelSetsPerOrg = 3, OpenHoldsPerOrg = 2, SettingsPerKind = 1, EndUsersPerBudget = 2 };
        try
        {
            await using (var ledger = SqliteLedger.Open(folder.FullName))
            {
                await ledger.SubmitAsync(new Command.OpenOrg(new("acme", "USD", Core.Tenancy.BillingMode.Postpaid, null, "UTC")), Stop);
                await ledger.SubmitAsync(
                    new Command.SetBudget(new(new("acme", User: "*"), Core.Budgets.WindowUnit.Month, new(1_000_000), Hard: true, "UTC", [])), Stop);
                for (var i = 0; i < 2; i++) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Hold(i), Stop));
            }

            await using var again = SqliteLedger.Open(folder.FullName);
            again.Limit(limits);
            Assert.Equal(Refusal.TooManyOpenHolds, Assert.IsType<Outcome.Refused>(await again.SubmitAsync(Hold(7), Stop)).Reason);
            Assert.Equal(Refusal.TooManySettings,
                Assert.IsType<Outcome.Refused>(await again.SubmitAsync(
                    new Command.SetBudget(new(new("acme", Team: "t"), Core.Budgets.WindowUnit.Month, new(1), Hard: true, "UTC", [])), Stop)).Reason);
            Assert.IsType<Outcome.Done>(await again.SubmitAsync(new Command.Release(Id(0)), Stop));
            Assert.IsType<Outcome.Done>(await again.SubmitAsync(Hold(8), Stop));
            Assert.Equal("other", (await again.Read.AttemptAsync("acme", Id(8), Stop))!.Hold!.EndUser);
            Assert.IsType<Outcome.Done>(await again.SubmitAsync(new Command.Release(Id(1)), Stop));
            Assert.IsType<Outcome.Done>(await again.SubmitAsync(Hold(9), Stop));
            Assert.Equal("other", (await again.Read.AttemptAsync("acme", Id(9), Stop))!.Hold!.Scope.Feature);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static AttemptId Id(int number) => new(new Guid(number, 1, 7, new byte[8]));

    private static Command.PlaceHold Hold(int number) => new(
        Id(number), new() { Org = "acme", Feature = $"f{number}", Source = UsageSource.Gateway }, $"user{number}", "op", new(5), TimeSpan.FromMinutes(5));
}
