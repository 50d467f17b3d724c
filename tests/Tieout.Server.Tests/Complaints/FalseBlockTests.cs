using System.Globalization;
using Tieout.Core.Budgets;
using Tieout.Core.Money;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Complaints;

/// <summary>Family B of the complaints about other gateways: requests refused although there is money, and money that stays held.</summary>
public sealed class FalseBlockTests
{
    // Goal: whatever went wrong before, the whole limit can be spent, and not a request less. Method: every way to fail, at once and twice; then one after the
    // other until it is refused.
    [Fact]
    public async Task B13_B14_B15_B16_after_any_failures_what_is_left_is_the_limit_less_the_charges_and_can_be_spent()
    {
        await using var world = await World.StartAsync();
        await world.SetBudgetAsync("0.05");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var (body, fault) = (i % 10) switch
            {
                0 => (World.Hello, "429"),
                1 => (World.HelloStream, "500"),
                2 => (World.Hello, "cut:20"),
                3 => (World.HelloStream, "cut:2"),
                4 => (World.Hello, "no-usage"),
                5 => (World.HelloStream, "usage-twice"),
                6 => ("{", "none"),
                7 => (World.Hello.Replace("\"max_tokens\":100", "\"max_tokens\":16000", StringComparison.Ordinal), "none"),
                8 => (World.HelloStream, "pace:20"),
                _ => (World.Hello, "none"),
            };
            try
            {
                using var response = await world.ChatAsync(body, $"X-Sim-Fault: {fault}", "X-Sim-Completion-Tokens: 20");
                if (i % 10 != 8) await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException)
            {
                // As it should be, with these.
            }
        }));
        await World.SoonAsync(() => Task.FromResult(world.Read.OpenHolds(null).Count == 0), "nothing is held");

        var left = "";
        while (true)
        {
            using var response = await world.ChatAsync(World.Hello, "X-Sim-Completion-Tokens: 100");
            if ((int)response.StatusCode == 402) break;
            Assert.Equal(200, (int)response.StatusCode);
            left = response.Headers.GetValues("Tieout-Budget-Remaining").Single();
        }

        var charged = Amount.Sum((await world.UsageAsync()).Select(row => row.Charge));
        Assert.Equal(Amount.Parse("0.05") - charged, Amount.Parse(left));

        // One request of 100 tokens out is held for at 0.001 and its text: less than that is all that may be left over.
        Assert.True(Amount.Parse(left) < Amount.Parse("0.0015"), $"{left} is left and cannot be spent");
    }

    [Fact]
    public async Task B17_without_a_budget_nothing_but_the_balance_refuses()
    {
        await using var world = await World.StartAsync(topUp: "1");
        for (var i = 0; i < 30; i++)
        {
            using var response = await world.ChatAsync(World.Hello, string.Create(CultureInfo.InvariantCulture, $"Tieout-User: user-{i % 3}"));
            Assert.Equal(200, (int)response.StatusCode);
        }

        using var tooMuch = await world.ChatAsync(World.Hello.Replace("\"max_tokens\":100", "\"max_tokens\":1000000", StringComparison.Ordinal));
        var code = (await World.JsonAsync(tooMuch)).GetProperty("error").GetProperty("code").GetString();
        Assert.Equal((402, "insufficient_balance"), ((int)tooMuch.StatusCode, code));
    }

    [Fact]
    public async Task B18_what_one_spends_is_never_taken_from_anothers_budget()
    {
        await using var world = await World.StartAsync();
        await world.AddKeyAsync("tk-red", "key-red", team: "red");
        await world.AddKeyAsync("tk-blue", "key-blue", team: "blue");
        await world.SetBudgetAsync("0.0025", scope: new BudgetScope(World.Org, Team: "red"));
        await world.SetBudgetAsync("0.0025", scope: new BudgetScope(World.Org, User: "ann"));

        foreach (var (secret, user, statuses) in new[]
        {
            ("tk-red", "bob", "200 200"), ("tk-blue", "ann", "200 200"), ("tk-red", "cid", "402 402"), ("tk-blue", "ann", "402 402"), ("tk-blue", "bob",
                "200 200"),
        })
        {
            Assert.Equal((secret, user, statuses), (secret, user, string.Join(' ', await SpendAsync(secret, user))));
        }

        async Task<int[]> SpendAsync(string secret, string user)
        {
            var statuses = new List<int>();
            for (var i = 0; i < 2; i++)
            {
                using var response = await world.ChatAsync("""{"model":"gpt-4o","messages":[],"max_tokens":100}""", $"Authorization: Bearer {secret}",
                    $"Tieout-User: {user}", "X-Sim-Completion-Tokens: 100", "X-Sim-Prompt-Tokens: 1");
                statuses.Add((int)response.StatusCode);
            }

            return [.. statuses];
        }
    }
}
