using System.ClientModel;
using System.Net;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What there is no money for is refused before anything is sent.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task Without_balance_the_answer_is_402_and_says_what_is_left()
    {
        await using var world = await World.StartAsync(topUp: "0.000001");

        using var response = await world.ChatAsync(World.Hello);

        Assert.Equal(402, (int)response.StatusCode);
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
        var error = (await World.JsonAsync(response)).GetProperty("error");
        Assert.Equal("insufficient_quota", error.GetProperty("type").GetString());
        Assert.Equal("insufficient_balance", error.GetProperty("code").GetString());
        Assert.Contains("the balance has 0.000001 left", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(world.Bill.Calls());
    }

    [Fact]
    public async Task The_official_client_understands_a_refusal_and_does_not_try_again()
    {
        await using var world = await World.StartAsync();
        await world.SetBudgetAsync("0.0001");

        var refused = await Assert.ThrowsAsync<ClientResultException>(() => world.Client().CompleteChatAsync("Say something"));

        Assert.Equal(402, refused.Status);
        Assert.Contains("budget acme/day", refused.Message, StringComparison.Ordinal);
        Assert.Empty(world.Bill.Calls());
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task M2_nothing_leaves_while_the_hold_cannot_be_made_durable()
    {
        await using var world = await World.StartAsync();
        world.Ledger.Broken = _ => true;

        using var response = await world.ChatAsync(World.Hello);
        using var ready = await world.Http.GetAsync("/readyz", TestContext.Current.CancellationToken);
        using var live = await world.Http.GetAsync("/healthz", TestContext.Current.CancellationToken);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal("store_unavailable", (await World.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(world.Bill.Calls());
        Assert.Equal((503, 200), ((int)ready.StatusCode, (int)live.StatusCode));
        world.Ledger.Broken = null;
        using var again = await world.ChatAsync(World.Hello);
        Assert.Equal(200, (int)again.StatusCode);
    }

    [Fact]
    public async Task M4_an_answer_whose_usage_is_not_durable_is_not_given_and_is_charged_once()
    {
        await using var world = await World.StartAsync(change: SpoolTests.WithoutRoom);
        world.Ledger.Broken = command => command is Command.Settle;

        using var response = await world.ChatAsync(World.Hello);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Single(world.Bill.Calls());
        Assert.Single(world.Read.OpenHolds(World.Org));
        world.Ledger.Broken = null;
        await world.RecordedAsync(1, "the usage is recorded once the store is back");
        Assert.Empty(world.Read.OpenHolds(World.Org));
    }

    [Fact]
    public async Task B1_two_hundred_clients_never_pass_a_hard_budget()
    {
        await using var world = await World.StartAsync();
        await world.SetBudgetAsync("1");
        const string body = """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"max_tokens":2000}""";
        var statuses = new System.Collections.Concurrent.ConcurrentBag<int>();

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            for (var i = 0; i < 3; i++)
            {
                using var response = await world.ChatAsync(body, "X-Sim-Prompt-Tokens: 20", "X-Sim-Completion-Tokens: 1000", "X-Sim-Fault: slow:5");
                statuses.Add((int)response.StatusCode);
            }
        }));

        // Those who were refused while others were in flight ask again now, until there is no room for one more.
        while (statuses.Count < 10_000)
        {
            using var response = await world.ChatAsync(body, "X-Sim-Prompt-Tokens: 20", "X-Sim-Completion-Tokens: 1000");
            statuses.Add((int)response.StatusCode);
            if (response.StatusCode is HttpStatusCode.PaymentRequired) break;
        }

        var budget = world.Read.Budgets(World.Org, Instant.From(DateTimeOffset.UtcNow)).Single(standing => standing.Left is not null);
        Assert.True(budget.Posted <= Amount.Parse("1"));
        Assert.Equal(Amount.Zero, budget.Held);
        Assert.True(budget.Left < Amount.Parse("0.0205"), $"{budget.Left} is left");
        Assert.Equal([200, 402], statuses.Distinct().Order());
        Assert.Equal(statuses.Count(status => status == 200), (await world.UsageAsync()).Count);
        Assert.Equal(Tieout.Core.Money.Amount.Sum((await world.UsageAsync()).Select(row => row.Charge)), budget.Posted);
    }

    [Fact]
    public async Task L5_a_hold_whose_gateway_died_expires_and_is_found()
    {
        await using var world = await World.StartAsync();
        var labels = new UsageLabels { Org = World.Org, Source = UsageSource.Gateway };
        await world.DoAsync(new Command.PlaceHold(
            new AttemptId(Guid.CreateVersion7()), labels, null, "op-1", Amount.Parse("3"), TimeSpan.FromMilliseconds(500)));

        await World.SoonAsync(() => Task.FromResult(world.Read.OpenHolds(null).Count == 0), "the hold expires");

        Assert.Equal("orphan_hold", Assert.Single(await world.Read.FindingsAsync(World.Org, 10, TestContext.Current.CancellationToken)).Code.Name);
    }

    [Fact]
    public async Task A_model_without_a_price_is_admitted_by_policy_charged_nothing_and_found()
    {
        await using var world = await World.StartAsync();
        await world.SetPolicyAsync(new PricePolicy(unknownModel: UnknownModel.AdmitUnpriced));

        using var response = await world.ChatAsync("""{"model":"mystery","messages":[]}""");

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(ChargeFlags.Unpriced, Assert.Single(await world.UsageAsync()).Flags);
        Assert.Equal("unpriced", Assert.Single(await world.Read.FindingsAsync(World.Org, 10, TestContext.Current.CancellationToken)).Code.Name);
    }

    [Fact]
    public async Task A_markup_is_charged_and_the_providers_cost_is_kept()
    {
        await using var world = await World.StartAsync();
        await world.SetPolicyAsync(new PricePolicy(markup: 1.5m));

        using var response = await world.ChatAsync(World.Hello, "X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 100");

        Assert.Equal("0.00525", response.Headers.GetValues("Tieout-Cost").Single());
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((Amount.Parse("0.0035"), Amount.Parse("0.00525")), (row.ProviderCost, row.Charge));
    }

    [Fact]
    public async Task A_budget_for_each_end_user_counts_the_bodys_user_too()
    {
        await using var world = await World.StartAsync();
        await world.SetBudgetAsync("0.002", scope: new BudgetScope(World.Org, User: BudgetScope.EachUser));
        const string ann = """{"model":"gpt-4o","messages":[],"max_tokens":100,"user":"ann"}""";
        const string odd = """{"model":"gpt-4o","messages":[],"max_tokens":100,"user":"Ann of the Ünïcode"}""";

        var statuses = await StatusesAsync(ann, ann, odd, odd);
        Assert.Equal([200, 402, 200, 402], statuses);

        async Task<int[]> StatusesAsync(params string[] bodies)
        {
            var seen = new List<int>();
            foreach (var body in bodies)
            {
                using var response = await world.ChatAsync(body, "X-Sim-Completion-Tokens: 100");
                seen.Add((int)response.StatusCode);
            }

            return [.. seen];
        }
    }
}
