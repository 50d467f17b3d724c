using System.Net;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Simulation.Running;

namespace Tieout.Simulation;

public sealed class HardBudgetTests
{
    private const int Clients = 200;

    // Goal: no interleaving of 200 clients gets a hard budget of 1.00 past its limit, and it is used up to less than one request's ceiling.
    // Method: each request costs 0.00435 USD (5,000 tokens in at 0.15, 6,000 out at 0.60 per million); all ask until they are refused.
    [Fact]
    public async Task B1_two_hundred_clients_at_once_never_pass_a_hard_budget()
    {
        await using var platform = await Platform.StartAsync();
        await platform.OpenOrgAsync("acme", "1000");
        var (key, keyId) = await platform.MakeKeyAsync("acme", "research");
        await platform.SendAsync(HttpMethod.Put, "orgs/acme/budgets", new { window = "day", limit = "1.00", hard = true, team = "research" });
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Clients });

        var watching = new CancellationTokenSource();
        var watcher = WatchAsync(platform, watching.Token);
        var costs = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => SpendUntilRefusedAsync(platform.Url, http, key)));
        await watching.CancelAsync();
        var seenHighest = await watcher;

        var total = Amount.Sum(costs.SelectMany(cost => cost));
        var window = (await platform.GetAsync("orgs/acme/budgets")).GetProperty("items").EnumerateArray().First(
            budget => budget.GetProperty("team").GetString() == "research");
        var limit = Amount.Parse("1");
        Assert.Equal(total, Platform.Money(window, "posted"));
        Assert.Equal(Amount.Zero, Platform.Money(window, "held"));
        Assert.True(total <= limit, $"{total} was spent of {limit}");
        Assert.True(seenHighest <= limit, $"posted + held was seen at {seenHighest}");
        // The ceiling of one request: as many input tokens as the body has bytes (a little more than its 5,000), 6,000 out.
        Assert.True(limit - total < Amount.Parse("0.0045"), $"{limit - total} is left");
        Assert.NotEmpty(keyId);
    }

    private static async Task<List<Amount>> SpendUntilRefusedAsync(string url, HttpClient http, string key)
    {
        var costs = new List<Amount>();
        while (true)
        {
            using var answer = await http.SendAsync(Platform.Chat(url, key, promptTokens: 5_000, completionTokens: 6_000));
            if (answer.StatusCode == HttpStatusCode.PaymentRequired)
            {
                Assert.Equal("false", answer.Headers.GetValues("x-should-retry").Single());
                var error = JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("error");
                Assert.Equal("budget_exhausted", error.GetProperty("code").GetString());

                // A hold that is still open may yet give something back: the last word is a refusal with nothing in flight.
                using var again = await http.SendAsync(Platform.Chat(url, key, promptTokens: 5_000, completionTokens: 6_000));
                if (again.StatusCode == HttpStatusCode.PaymentRequired) return costs;
                costs.Add(Amount.Parse(again.Headers.GetValues("Tieout-Cost").Single()));
                continue;
            }

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            costs.Add(Amount.Parse(answer.Headers.GetValues("Tieout-Cost").Single()));
        }
    }

    private static async Task<Amount> WatchAsync(Platform platform, CancellationToken cancellationToken)
    {
        var highest = Amount.Zero;
        while (!cancellationToken.IsCancellationRequested)
        {
            foreach (var budget in (await platform.GetAsync("orgs/acme/budgets")).GetProperty("items").EnumerateArray().Where(
                budget => budget.GetProperty("team").GetString() is not null))
            {
                highest = Amount.Largest(highest, Platform.Money(budget, "posted") + Platform.Money(budget, "held"));
            }

            await Task.Delay(5, CancellationToken.None);
        }

        return highest;
    }
}
