using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Simulation.Running;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation;

/// <summary>Two real servers on one PostgreSQL are one system, also while one of them, or the database, dies.</summary>
public sealed class NodesTests
{
    private const int Requests = 10_000;
    private const int Clients = 64;

    /// <summary>Longer than the database waits for a node; in CI as long as the promise says.</summary>
    private static readonly TimeSpan Paused = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("CI") == "true" ? 30 : 8);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: B1 to the nano-unit across processes. Method: 10,000 requests of 0.000042 to two gateways at once; the budget has room for about 1,000.
    [Fact]
    public async Task B1_ten_thousand_requests_at_two_gateways_never_pass_one_hard_budget()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var platform = await Platform.StartAsync(Configuration(store));
        var (node, other) = await platform.StartNodeAsync("other");
        await using var second = node;
        var key = await OpenAsync(platform, limit: "0.042");
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Clients });
        var (next, refused) = (0, 0);
        var costs = new ConcurrentBag<Amount>();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i <= Requests; i = Interlocked.Increment(ref next))
            {
                using var answer = await http.SendAsync(Platform.Chat(i % 2 == 0 ? platform.Url : other, key, 200, 20), Cancel);
                if (answer.StatusCode == HttpStatusCode.OK) costs.Add(Amount.Parse(answer.Headers.GetValues("Tieout-Cost").Single()));
                else Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
                if (answer.StatusCode == HttpStatusCode.PaymentRequired) Interlocked.Increment(ref refused);
            }
        }, Cancel)));

        var total = Amount.Sum(costs);
        Assert.Equal(Requests, costs.Count + refused);
        Assert.True(total <= Amount.Parse("0.042"), $"{total} was spent of 0.042");
        Assert.True(total > Amount.Parse("0.041"), $"only {total} was spent of 0.042");
        foreach (var url in (string[])[platform.Url, other])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/api/v1/orgs/acme/budgets");
            using var answer = await platform.Admin.SendAsync(request, Cancel);
            var window = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancel)).GetProperty("items").EnumerateArray().First(
                budget => budget.GetProperty("limit").ValueKind == JsonValueKind.String);
            Assert.Equal((total, Amount.Zero), (Platform.Money(window, "posted"), Platform.Money(window, "held")));
        }

        await AssertVerifiedAsync(platform, store);
    }

    // Goal: after each fault, Σ acknowledged = Σ posted, and the books verify. Method: load on two gateways throughout; the database is killed -9 and started
    // again, a gateway is killed -9 and started again, the other is stopped for longer than the database waits for it, and every connection is cut.
    [Fact]
    public async Task S1_M4_L8_faults_of_database_and_nodes_lose_nothing_and_count_nothing_twice()
    {
        using var server = new PostgresServer();
        var store = server.NewStore();
        await using var platform = await Platform.StartAsync(Configuration(store));
        var (node, other) = await platform.StartNodeAsync("other");
        var key = await OpenAsync(platform, limit: "900");
        var acknowledged = new ConcurrentDictionary<string, Amount>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var clients = Enumerable.Range(0, 16).Select(client => LoadAsync(client % 2 == 0 ? platform.Url : other, key, acknowledged, stop.Token)).ToList();

        await Task.Delay(1_000, Cancel);
        server.Kill();
        await Task.Delay(1_000, Cancel);
        server.Start();
        await GoesOnAsync(acknowledged, "the database was killed and started again");

        await platform.KillGatewayAsync();
        await GoesOnAsync(acknowledged, "one gateway was killed");
        await platform.StartGatewayAsync();
        await GoesOnAsync(acknowledged, "it was started again");

        await SignalAsync("-STOP", node.Id);
        await GoesOnAsync(acknowledged, "the other was stopped");
        await Task.Delay(Paused, Cancel);
        await SignalAsync("-CONT", node.Id);
        await GoesOnAsync(acknowledged, "it went on");

        server.Sql("postgres", "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'tieout'");
        await GoesOnAsync(acknowledged, "every connection was cut");
        await stop.CancelAsync();
        await Task.WhenAll(clients);

        await QuietAsync(platform, [platform.Url, other]);
        await AssertAllAreThereAsync(platform, acknowledged);
        await AssertVerifiedAsync(platform, store);
        await node.DisposeAsync();
    }

    private static Func<string, string> Configuration(string store) =>
        provider => Platform.Configuration(provider, store, "request_timeout: 5s", "drain_timeout: 1s");

    private static async Task<string> OpenAsync(Platform platform, string limit)
    {
        await platform.OpenOrgAsync("acme", "1000");
        var (key, _) = await platform.MakeKeyAsync("acme");
        await platform.SendAsync(HttpMethod.Put, "orgs/acme/budgets", new { window = "total", limit, hard = true });

        // Keys reach the other node within a second.
        await Task.Delay(1_000, Cancel);
        return key;
    }

    private static async Task LoadAsync(string url, string key, ConcurrentDictionary<string, Amount> acknowledged, CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var answer = await http.SendAsync(Platform.Chat(url, key, 200, 20), stop);
                var body = await answer.Content.ReadAsStringAsync(stop);
                if (answer.StatusCode == HttpStatusCode.OK && body.EndsWith('}'))
                {
                    acknowledged[answer.Headers.GetValues("Tieout-Usage-Id").Single()] = Amount.Parse(answer.Headers.GetValues("Tieout-Cost").Single());
                }
                else
                {
                    await Task.Delay(20, CancellationToken.None);
                }
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    /// <summary>Requests are answered again.</summary>
    private static async Task GoesOnAsync(ConcurrentDictionary<string, Amount> acknowledged, string after)
    {
        var enough = acknowledged.Count + 40;
        for (var waited = Stopwatch.StartNew(); acknowledged.Count < enough; await Task.Delay(50, Cancel))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"{enough - acknowledged.Count} requests short of going on a minute after {after}.");
        }
    }

    private static async Task SignalAsync(string signal, int process) => await Process.Start("kill", [signal, $"{process}"]).WaitForExitAsync(Cancel);

    /// <summary>Nothing waits in a spool any more, and no hold of the dead is left.</summary>
    private static async Task QuietAsync(Platform platform, string[] urls)
    {
        foreach (var url in urls)
        {
            for (var waited = Stopwatch.StartNew(); ; await Task.Delay(200, Cancel))
            {
                var health = await platform.HealthAsync(url);
                if (health.GetProperty("spool_depth").GetInt64() == 0) break;
                Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"spend still waits in a spool: {health}");
            }
        }
    }

    private static async Task AssertAllAreThereAsync(Platform platform, ConcurrentDictionary<string, Amount> acknowledged)
    {
        var csv = await platform.Admin.GetStringAsync("orgs/acme/usage?format=csv", Cancel);
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Split(',')).ToList();
        var (id, charge) = (Array.IndexOf(lines[0], "usage_id"), Array.IndexOf(lines[0], "charge"));
        var stored = lines.Skip(1).ToDictionary(line => line[id], line => Amount.Parse(line[charge]));
        Assert.DoesNotContain(acknowledged, pair => !stored.TryGetValue(pair.Key, out var cost) || cost != pair.Value);
        var total = Amount.Sum(stored.Values);
        Assert.Equal(Amount.Parse("1000") - total, Platform.Money(await platform.GetAsync("orgs/acme/balance"), "posted"));
    }

    private static async Task AssertVerifiedAsync(Platform platform, string store)
    {
        var (exit, text) = await platform.RunAsync("verify", "--store", store, "--json");
        Assert.True(exit == 0, text);
    }
}
