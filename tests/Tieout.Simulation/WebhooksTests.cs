using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tieout.Simulation.Running;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation;

/// <summary>Two real servers bring one outbox to one endpoint, also while one of them dies.</summary>
public sealed class WebhooksTests
{
    private const int Orgs = 6;
    private const int Months = 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: nothing is lost, and each org's messages come in their order. Method: both nodes tell and deliver; the endpoint takes its time and fails every
    // seventh call; in the midst of it one node is killed -9 with deliveries under way, and the other goes on with its lanes.
    [Fact]
    public async Task A_killed_nodes_messages_are_delivered_by_the_other_in_order()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var endpoint = new Endpoint();
        await using var platform = await Platform.StartAsync(Configuration(store));
        var (node, other) = await platform.StartNodeAsync("other");
        await using var second = node;
        await platform.SendAsync(HttpMethod.Post, "webhooks", new { url = endpoint.Url, types = (string[])["period.closed"] });
        for (var org = 0; org < Orgs; org++) await platform.SendAsync(HttpMethod.Post, "orgs", new { id = $"org{org}", asset = "USD", billing = "prepaid" });

        var killed = false;
        for (var month = 0; month < Months; month++)
        {
            for (var org = 0; org < Orgs; org++)
            {
                var at = killed || month % 2 == 0 ? other : platform.Url;
                await CloseAsync(platform, at, $"org{org}", new DateTime(2024, 1, 1).AddMonths(month));
            }

            if (month != Months / 2) continue;
            await endpoint.BusyAsync();
            await platform.KillGatewayAsync();
            killed = true;
        }

        await endpoint.WaitForAsync(Orgs * Months);
        foreach (var org in endpoint.Taken.GroupBy(message => message.Org))
        {
            var first = org.Select(message => message.Through).Distinct().ToList();
            Assert.Equal(Enumerable.Range(0, Months).Select(
                month => new DateTime(2024, 1, 1).AddMonths(month).ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture)), first);
        }

        await PostgresQuietAsync(store);
    }

    private static async Task PostgresQuietAsync(string store)
    {
        var database = new Uri(store).AbsolutePath[1..];
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(30); await Task.Delay(100, Cancel))
        {
            if (PostgresServer.Instance.Sql(database, "SELECT count(*) FROM deliveries WHERE state <> 1") == "0") return;
        }

        Assert.Fail(PostgresServer.Instance.Sql(
            database, "SELECT string_agg(concat_ws(' ', org, seq, state, attempts, error), '; ') FROM deliveries WHERE state <> 1"));
    }

    private static async Task CloseAsync(Platform platform, string url, string org, DateTime month)
    {
        for (var tries = 0; ; tries++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/api/v1/orgs/{org}/invoices/{month:yyyy-MM}/close");
            using var answer = await platform.Admin.SendAsync(request, Cancel);
            if (answer.IsSuccessStatusCode) return;
            Assert.True(tries < 50, await answer.Content.ReadAsStringAsync(Cancel));
            await Task.Delay(100, Cancel);
        }
    }

    private static Func<string, string> Configuration(string store) => provider => $$"""
        store: {{store}}
        providers:
          sim: { dialect: openai, base_url: "{{provider}}/v1", api_key: sk-simulated }
        webhooks: { allow_http: true, allow_private: true, timeout: 2s, backoff: 50ms, backoff_max: 500ms }
        """;

    private sealed record Message(string Org, string Through);

    private sealed class Endpoint : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _serving;
        private int _calls;
        private int _busy;

        public Endpoint()
        {
            Url = $"http://127.0.0.1:{TieoutProcess.FreePort()}/hook/";
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _serving = ServeAsync();
        }

        public string Url { get; }

        public ConcurrentQueue<Message> Taken { get; } = [];

        public async Task BusyAsync()
        {
            while (Volatile.Read(ref _busy) < 2) await Task.Delay(5, Cancel);
        }

        public async Task WaitForAsync(int messages)
        {
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(90); await Task.Delay(100, Cancel))
            {
                if (Taken.Distinct().Count() >= messages) return;
            }

            Assert.Fail($"{Taken.Distinct().Count()} of {messages} came.");
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _serving;
        }

        private async Task ServeAsync()
        {
            while (true)
            {
                try
                {
                    _ = TakeAsync(await _listener.GetContextAsync());
                }
                catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
            }
        }

        private async Task TakeAsync(HttpListenerContext context)
        {
            using var body = await JsonDocument.ParseAsync(context.Request.InputStream, cancellationToken: Cancel);
            Interlocked.Increment(ref _busy);
            await Task.Delay(30, Cancel);
            var fails = Interlocked.Increment(ref _calls) % 7 == 0;
            if (!fails)
            {
                Taken.Enqueue(new(body.RootElement.GetProperty("org").GetString()!, body.RootElement.GetProperty("data").GetProperty("through").GetString()!));
            }

            Interlocked.Decrement(ref _busy);
            try
            {
                context.Response.StatusCode = fails ? 500 : 200;
                context.Response.Close();
            }
            catch (Exception gone) when (gone is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                // Who asked was killed.
            }
        }
    }
}
