using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Hosting;
using Tieout.Simulator.Provider;
using Tieout.Storage.Sqlite;

namespace Tieout.Simulation;

/// <summary>Providers that fail in every way and clients that hang up and ask again: the provider's own bill and ours are one.</summary>
public sealed class ChaosTests
{
    private const int Operations = 10_000;
    private const int AtOnce = 64;
    private const string Org = "acme";

    /// <summary>The numbers of a run come from here; a failing run is run again with the same.</summary>
    private const int Seed = 20260310;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: M1, M2, M4 and B1 under chaos. Method: two providers with bills of their own, a third of all calls failing, clients that hang up and
    // try again under the same operation; then every line of the bills is found in our usage, and nothing else is.
    [Fact]
    public async Task M1_M2_M4_B1_every_call_that_a_provider_served_is_one_record_and_nothing_else_is()
    {
        await using var chaos = await Chaos.StartAsync();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var watching = chaos.WatchBudgetAsync(over.Token);
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i <= Operations; i = Interlocked.Increment(ref next)) await chaos.OperateAsync(i);
        }, Stop)));
        await chaos.QuietAsync();
        await over.CancelAsync();
        Assert.True(await watching > 0, "The budget was watched.");

        var rows = await chaos.UsageAsync();
        AssertBillsAreUsage(chaos, rows);
        AssertLineage(rows);

        var charged = rows.Sum(row => row.Charge);
        Assert.Equal(Chaos.Money - charged, chaos.Ledger.Read.Balance(Org)!.Balance);
        var answered = rows.Where(row => row.Usage.StatusCode == 200).Select(row => row.Usage.Id.ToString()).ToHashSet();
        Assert.All(chaos.Seen.Values, usageId => Assert.Contains(usageId, answered));
        Assert.True(chaos.Seen.Count > Operations / 2, $"Only {chaos.Seen.Count} operations were answered.");
    }

    /// <summary>M1: for each operation and provider, as many records as calls, of the same statuses; and where usage was reported, the same tokens.</summary>
    private static void AssertBillsAreUsage(Chaos chaos, List<UsageRow> rows)
    {
        var ours = rows.ToLookup(row => (row.Usage.OperationId, row.Usage.Labels.Provider!));
        var bills = chaos.Providers.SelectMany(provider => provider.Bill.Calls().Select(call => (provider.Name, Call: call))).ToLookup(
            line => (line.Call.Headers["X-Sim-Operation"], line.Name), line => line.Call);
        long billed = 0, used = 0, compared = 0;
        foreach (var name in bills.Select(bill => bill.Key).Union(ours.Select(row => row.Key)))
        {
            var calls = bills[name].ToList();
            var records = ours[name].ToList();

            // A call that was given up before the provider took it up is on no bill, and is our estimate.
            var unseen = records.Count - calls.Count;
            Assert.True(
                unseen >= 0 && unseen <= records.Count(row => row.Usage.StatusCode == 0), $"{name}: {calls.Count} calls served, {records.Count} recorded.");
            foreach (var status in (int[])[429, 500])
            {
                Assert.Equal(calls.Count(call => call.Status == status), records.Count(row => row.Usage.StatusCode == status));
            }

            Assert.All(records.Where(row => row.Usage.StatusCode >= 400), row => Assert.Equal((Amount.Zero, UsageBasis.Failed), (row.Charge, row.Usage.Basis)));
            var estimated = records.Count(row => row.Usage is { Basis: UsageBasis.Estimated, StatusCode: 200 });
            Assert.True(estimated <= calls.Count(call => call.Fault is not null), $"{name}: an answer with usage was estimated.");
            if (records.Any(row => row.Usage.Basis is UsageBasis.Estimated)) continue;
            billed += calls.Where(call => call.Status == 200).Sum(call => call.PromptTokens + call.CompletionTokens);
            used += records.Sum(row => row.Usage.Counts.InputTokens + row.Usage.Counts.OutputTokens);
            compared += calls.Count(call => call.Status == 200);
        }

        Assert.Equal(billed, used);
        Assert.True(compared > Operations / 2, $"Only {compared} calls could be compared.");
        Assert.Equal(chaos.Providers.Sum(provider => provider.Bill.Totals().Calls), bills.Sum(bill => bill.Count()));
    }

    private static void AssertLineage(List<UsageRow> rows)
    {
        foreach (var operation in rows.GroupBy(row => row.Usage.OperationId))
        {
            Assert.Equal(operation.Count(), operation.Select(row => row.Usage.AttemptNo).Distinct().Count());
            Assert.All(operation.Where(row => row.Usage.AttemptNo > 1), row => Assert.Contains(row.Usage.Labels.Trigger, (string[])["retry", "fallback"]));
        }

        Assert.Contains(rows, row => row.Usage.Labels.Trigger == "retry");
        Assert.Contains(rows, row => row.Usage.Labels.Trigger == "fallback");
        Assert.Contains(rows, row => row.Usage.Basis is UsageBasis.Estimated);
    }

    /// <summary>A gateway between two failing providers, and clients to it.</summary>
    private sealed class Chaos : IAsyncDisposable
    {
        public static readonly Amount Money = Amount.Parse("100000");
        private static readonly Amount TightLimit = Amount.Parse("0.02");

        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-chaos-");
        private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0, MaxConnectionsPerServer = AtOnce * 2 });
        private readonly List<WebApplication> _apps = [];
        private WebApplication _gateway = null!;

        public List<(string Name, ServedLog Bill)> Providers { get; } = [];

        public SqliteLedger Ledger { get; private set; } = null!;

        /// <summary>Operations whose answer a client saw to its end, with the usage id it was told.</summary>
        public System.Collections.Concurrent.ConcurrentDictionary<string, string> Seen { get; } = new();

        public static async Task<Chaos> StartAsync()
        {
            var chaos = new Chaos();
            var yaml = new StringBuilder("listen: http://127.0.0.1:0\nproviders:\n");
            foreach (var (name, seed) in new[] { ("one", Seed), ("two", Seed + 1) })
            {
                var app = SimulatedProviderApp.Build(new()
                {
                    Listen = "http://127.0.0.1:0",
                    Seed = seed,
                    FaultRate = 0.33m,
                    ChaosFaults = ["429", "500",
                    "cut:2", "no-usage", "usage-twice", "slow:15000"]
                });
                await app.StartAsync(Stop);
                chaos._apps.Add(app);
                chaos.Providers.Add((name, app.Services.GetRequiredService<ServedLog>()));
                yaml.Append(System.Globalization.CultureInfo.InvariantCulture,
                    $"  {name}: {{ base_url: \"{app.Urls.First()}/v1\", forward_headers: [\"X-Sim-*\"], timeouts: {{ first_byte: 1s, idle: 10s }} }}\n");
            }

            yaml.Append("""
                models:
                  - name: main
                    upstreams: [ { provider: one, model: gpt-4o, weight: 2 }, { provider: two, model: gpt-4o } ]
                    fallbacks: [backup]
                    retries: { attempts_max: 4, backoff: 1ms, retry_after_max: 1ms }
                  - { name: backup, upstreams: [ { provider: two, model: gpt-4o-mini } ] }
                limits: [ { org: "*", concurrency: 1000 } ]
                gateway: { drain_timeout: 5s }
                """);
            chaos.Ledger = SqliteLedger.Open(chaos._folder.FullName);
            chaos._gateway = TieoutServer.Build(TieoutYaml.Read(yaml.ToString(), "chaos.yaml", _ => null) with { Data = chaos._folder.FullName }, chaos.Ledger);
            await chaos._gateway.StartAsync(Stop);
            chaos._http.BaseAddress = new Uri(chaos._gateway.Urls.First());
            await chaos.DoAsync(new Command.OpenOrg(new Org(Org, "USD", BillingMode.Prepaid, null, "UTC")));
            await chaos.DoAsync(new Command.TopUp("first", Org, Money));
            foreach (var key in (string[])["wide", "tight"])
            {
                var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
                await chaos.DoAsync(new Command.Record(
                    SettingKind.Key, Org, key, new ApiKey(key, Org, null, null, null, hash, false, DateTimeOffset.UnixEpoch).ToJson(), Once: false));
            }

            await chaos.DoAsync(new Command.SetBudget(new Budget(new(Org, Key: "tight"), WindowUnit.Total, TightLimit, true, "UTC", Budget.DefaultThresholds)));
            return chaos;
        }

        /// <summary>One thing wanted: tried until it is answered, at most three times; some clients hang up and begin again.</summary>
        public async Task OperateAsync(int number)
        {
            var random = new Random(Seed + number);
            var operation = $"op-{number}";
            for (var tries = 0; tries < 3; tries++)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
                if (random.Next(12) == 0) patience.CancelAfter(random.Next(1, 40));
                try
                {
                    using var response = await _http.SendAsync(Request(operation, random), HttpCompletionOption.ResponseHeadersRead, patience.Token);
                    await response.Content.ReadAsByteArrayAsync(patience.Token);
                    if ((int)response.StatusCode == 402) return;
                    if (!response.IsSuccessStatusCode) continue;
                    Seen[operation] = response.Headers.GetValues("Tieout-Usage-Id").Single();

                    // M4: who has seen the end finds the record.
                    if (number % 100 == 0)
                    {
                        Assert.Contains(await Ledger.Read.OperationAsync(Org, operation, Stop),
                            attempt => attempt is { State: HoldState.Settled, Usage.Usage.StatusCode: 200 });
                    }

                    return;
                }
                catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException && !Stop.IsCancellationRequested)
                {
                    // Cut, or hung up: again.
                }
            }
        }

        /// <summary>B1, looked at all the time. Returns how often.</summary>
        public async Task<int> WatchBudgetAsync(CancellationToken over)
        {
            var looked = 0;
            while (!over.IsCancellationRequested)
            {
                var standing = Ledger.Read.Budgets(Org, Instant.From(TimeProvider.System.GetUtcNow())).Single(
                    standing => standing.State.Budget.Scope.Key == "tight");
                Assert.True(standing.Posted + standing.Held <= TightLimit, $"B1: {standing.Posted} + {standing.Held}");
                looked++;
                await Task.Delay(5, CancellationToken.None);
            }

            return looked;
        }

        /// <summary>All in flight has ended: no hold, no place within a limit.</summary>
        public async Task QuietAsync()
        {
            for (var i = 0; i < 400 && Ledger.Read.OpenHolds(null).Count > 0; i++) await Task.Delay(50, Stop);
            Assert.Empty(Ledger.Read.OpenHolds(null));
            Assert.Equal(0, _gateway.Services.GetRequiredService<RateLimits>().InFlight);
        }

        public async Task<List<UsageRow>> UsageAsync()
        {
            var rows = new List<UsageRow>();
            await foreach (var row in Ledger.Read.UsageAsync(new(Org, Instant.UnixEpoch, new Instant(long.MaxValue)), Stop)) rows.Add(row);
            return rows;
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await _gateway.DisposeAsync();
            foreach (var app in _apps) await app.DisposeAsync();
            await Ledger.DisposeAsync();
            _folder.Delete(recursive: true);
        }

        private static HttpRequestMessage Request(string operation, Random random)
        {
            var body = $$"""{"model":"main","max_tokens":200,{{(random.Next(2) == 0 ? "\"stream\":true," : "")}}"messages":[{"role":"user","content":"{{new string('x', random.Next(400, 1200))}}"}]}""";
            var request = new HttpRequestMessage(
                HttpMethod.Post, "/v1/chat/completions")
            { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", random.Next(10) == 0 ? "tight" : "wide");
            request.Headers.Add("Tieout-Operation", operation);
            request.Headers.Add("X-Sim-Operation", operation);
            request.Headers.Add("X-Sim-Prompt-Tokens", $"{random.Next(1, 100)}");
            request.Headers.Add("X-Sim-Completion-Tokens", $"{random.Next(1, 150)}");
            return request;
        }

        private async Task DoAsync(Command command) => Assert.IsType<Outcome.Done>(await Ledger.SubmitAsync(command, Stop));
    }
}
