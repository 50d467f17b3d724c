using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Tieout.Simulation.Running;

namespace Tieout.Simulation;

public sealed class KilledTests
{
    private const int Clients = 16;
    private const int AnswersAtLeast = 10;

    private static readonly int Kills = Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1" ? 50 : 12;

    // Goal: whatever instant the process dies at, what was acknowledged is there, and what was in flight is known.
    // Method: load, kill -9, restart, a dozen times on one data folder, fifty in a long run. Requests are slow at random so that holds are open when it dies.
    [Fact]
    public async Task L8_M4_killed_many_times_under_load_nothing_acknowledged_is_lost_and_the_books_verify()
    {
        await using var platform = await Platform.StartAsync("request_timeout: 3s", "drain_timeout: 1s");
        await platform.OpenOrgAsync("acme", "1000");
        var (key, keyId) = await platform.MakeKeyAsync("acme", "research");
        await platform.SendAsync(HttpMethod.Put, "orgs/acme/budgets", new { window = "day", limit = "900", hard = true, key = keyId });
        var acknowledged = new ConcurrentDictionary<string, string>();
        var random = new Random(20261122);

        for (var round = 0; round < Kills; round++)
        {
            using var stop = new CancellationTokenSource();
            var clients = Enumerable.Range(0, Clients).Select(client => LoadAsync(platform.Url, key, client, acknowledged, stop.Token)).ToList();
            await Task.Delay(random.Next(100, 700), TestContext.Current.CancellationToken);

            // Every other time it dies amid answers, however slow the machine is; else where the time falls, also before the first answer.
            if (round % 2 == 0) await AcknowledgedAsync(acknowledged, acknowledged.Count + AnswersAtLeast);
            await platform.KillGatewayAsync();
            await stop.CancelAsync();
            await Task.WhenAll(clients);
            if (round % 6 == 5)
            {
                var (exit, text) = await platform.RunAsync("verify", "--data", platform.Data, "--json");
                Assert.True(exit == 0 && JsonElement.Parse(text).GetProperty("ok").GetBoolean(), $"after kill {round + 1}: {text}");
            }

            await platform.StartGatewayAsync();
        }

        Assert.True(acknowledged.Count > 4 * Kills, $"only {acknowledged.Count} requests were acknowledged");
        await AssertEveryAcknowledgedHasItsRecordAsync(platform, acknowledged);
        await AssertHoldsOfTheDeadExpireAndAreListedAsync(platform);
        await platform.KillGatewayAsync();
        var (finalExit, finalText) = await platform.RunAsync("verify", "--data", platform.Data, "--json");
        Assert.True(finalExit == 0, finalText);
    }

    private static async Task AcknowledgedAsync(ConcurrentDictionary<string, string> acknowledged, int count)
    {
        var until = DateTime.UtcNow.AddSeconds(30);
        while (acknowledged.Count < count)
        {
            Assert.True(DateTime.UtcNow < until, "The gateway answers nothing within 30 s.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static async Task LoadAsync(string url, string key, int client, ConcurrentDictionary<string, string> acknowledged, CancellationToken stop)
    {
        using var http = new HttpClient();
        while (!stop.IsCancellationRequested)
        {
            var slow = client % 4 == 0 ? [("X-Sim-Fault", "slow:400")] : Array.Empty<(string, string)>();
            try
            {
                using var answer = await http.SendAsync(Platform.Chat(url, key, 200, 20, slow), stop);
                var body = await answer.Content.ReadAsStringAsync(stop);
                if (answer.StatusCode == HttpStatusCode.OK && body.EndsWith('}'))
                {
                    acknowledged[answer.Headers.GetValues("Tieout-Usage-Id").Single()] = answer.Headers.GetValues("Tieout-Cost").Single();
                }
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
            {
                await Task.Delay(5, CancellationToken.None);
            }
        }
    }

    private static async Task AssertEveryAcknowledgedHasItsRecordAsync(Platform platform, ConcurrentDictionary<string, string> acknowledged)
    {
        var csv = await platform.Admin.GetStringAsync("orgs/acme/usage?format=csv");
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Split(',')).ToList();
        var (id, charge) = (Array.IndexOf(lines[0], "usage_id"), Array.IndexOf(lines[0], "charge"));
        var stored = lines.Skip(1).ToDictionary(line => line[id], line => line[charge]);
        Assert.DoesNotContain(acknowledged, pair => !stored.TryGetValue(pair.Key, out var cost) || cost != pair.Value);
    }

    private static async Task AssertHoldsOfTheDeadExpireAndAreListedAsync(Platform platform)
    {
        var until = DateTime.UtcNow.AddSeconds(90);
        while ((await platform.GetAsync("orgs/acme/holds?state=open")).GetProperty("items").GetArrayLength() > 0)
        {
            Assert.True(DateTime.UtcNow < until, "holds of dead requests are still open after 90 s");
            await Task.Delay(500);
        }

        var balance = await platform.GetAsync("orgs/acme/balance");
        Assert.Equal("0", balance.GetProperty("held").GetString());
        Assert.NotEqual(0, (await platform.GetAsync("orgs/acme/holds?state=expired")).GetProperty("items").GetArrayLength());
        Assert.Contains((await platform.GetAsync("orgs/acme/findings")).GetProperty("items").EnumerateArray(),
            finding => finding.GetProperty("code").GetString() == "orphan_hold");
    }
}
