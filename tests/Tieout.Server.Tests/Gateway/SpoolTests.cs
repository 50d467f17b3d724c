using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;

namespace Tieout.Server.Tests.Gateway;

/// <summary>The gateway while the store is down: spent is spent and gets its answer; nothing new is spent.</summary>
public sealed class SpoolTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>With a spool that takes nothing, though it does not know it yet.</summary>
    public static ServerOptions WithoutRoom(ServerOptions options) =>
        options with { SpoolLimits = new(FirstBytes: 0, StepBytes: 1, ReserveBytes: 0, MaxBytes: 512) };

    [Fact]
    public async Task S1_M4_an_answer_is_given_once_its_settlement_is_in_the_spool_and_is_charged_once()
    {
        await using var world = await World.StartAsync();
        world.Ledger.Broken = command => command is Command.Settle;

        using var response = await world.ChatAsync(World.Hello);
        using var stream = await world.ChatAsync(World.HelloStream);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.NotEmpty(await response.Content.ReadAsStringAsync(Stop));
        Assert.True(decimal.Parse(response.Headers.GetValues("Tieout-Cost").Single(), CultureInfo.InvariantCulture) > 0);
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Equal((2, 0), await HealthAsync(world));
        Assert.Empty(await world.UsageAsync());
        Assert.Equal(2, world.Read.OpenHolds(World.Org).Count);

        world.Ledger.Broken = null;
        await World.SoonAsync(async () => await HealthAsync(world) == (0, 0), "the spool is empty once the store is back");
        Assert.Equal(2, (await world.UsageAsync()).Count);
        Assert.Empty(world.Read.OpenHolds(World.Org));
        Assert.Equal(2, world.Bill.Calls().Count);
    }

    // Goal: what was spent before a restart is charged before anything new is spent. Method: the server stops while the store is down, a
    // second one starts on the same folder while it still is, and only then does the store come back.
    [Fact]
    public async Task S1_after_a_restart_the_spool_comes_before_new_spend()
    {
        await using var world = await World.StartAsync();
        world.Ledger.Broken = command => command is Command.Settle;
        using (var response = await world.ChatAsync(World.Hello)) Assert.Equal(200, (int)response.StatusCode);
        var options = (ServerOptions)world.Server.Services.GetService(typeof(ServerOptions))!;
        await world.Server.StopAsync(new CancellationTokenSource(TimeSpan.FromMilliseconds(200)).Token);
        await world.Server.DisposeAsync();
        Assert.Empty(await world.UsageAsync());

        await using var again = TieoutServer.Build(options, world.Ledger);
        await again.StartAsync(Stop);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(again.Urls.First()),
            DefaultRequestHeaders = { Authorization = new("Bearer", World.Secret) }
        };
        using (var refused = await http.PostAsync("/v1/chat/completions", new StringContent(World.Hello), Stop))
        {
            Assert.Equal(503, (int)refused.StatusCode);
            Assert.Contains("store_unavailable", await refused.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }

        world.Ledger.Broken = null;
        await World.SoonAsync(async () => (await http.PostAsync("/v1/chat/completions", new StringContent(World.Hello), Stop)).IsSuccessStatusCode,
            "new spend once the spool is replayed");
        Assert.Equal(2, (await world.UsageAsync()).Count);
        await again.StopAsync(Stop);
    }

    [Fact]
    public async Task S1_a_spool_without_room_refuses_new_spend_and_drops_nothing()
    {
        await using var world = await World.StartAsync(
            change: options => options with { SpoolLimits = new(FirstBytes: 4096, StepBytes: 1024, ReserveBytes: 8192, MaxBytes: 8192) });
        using var response = await world.ChatAsync(World.Hello);
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Empty(world.Bill.Calls());
        Assert.Equal((0, 0), await HealthAsync(world));
    }

    // Goal: no settlement is lost or doubled by an outage under load. Method: 64 clients; the store fails and recovers again and again.
    [Fact]
    public async Task S1_M1_a_store_that_comes_and_goes_under_load_loses_and_doubles_nothing()
    {
        await using var world = await World.StartAsync();
        var answered = 0;
        using var over = new CancellationTokenSource();
        var flapping = Task.Run(async () =>
        {
            for (var round = 0; !over.IsCancellationRequested; round++)
            {
                world.Ledger.Broken = round % 2 == 0 ? command => command is Command.Settle or Command.Release : null;
                await Task.Delay(40);
            }
        }, Stop);
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Stop }, async (_, _) =>
        {
            using var response = await world.ChatAsync(World.Hello);
            if (response.IsSuccessStatusCode) Interlocked.Increment(ref answered);
        });
        await over.CancelAsync();
        await flapping;
        world.Ledger.Broken = null;
        await World.SoonAsync(async () => await HealthAsync(world) == (0, 0), "the spool is empty");

        Assert.Equal(400, answered);
        Assert.Equal(400, world.Bill.Calls().Count);
        var usage = await world.UsageAsync();
        Assert.Equal(400, usage.Select(row => row.Usage.Id).Distinct().Count());
        Assert.Equal(400, usage.Count);
        Assert.Empty(world.Read.OpenHolds(World.Org));
    }

    // Goal: a fault of the program does not end the spool's work in silence. Method: the store fails, then the program does, then nothing does.
    [Fact]
    public async Task S1_a_replay_that_fails_unexpectedly_is_tried_again()
    {
        await using var world = await World.StartAsync();
        world.Ledger.Broken = command => command is Command.Settle;
        using (var response = await world.ChatAsync(World.Hello)) Assert.Equal(200, (int)response.StatusCode);
        world.Ledger.Fault = new InvalidOperationException("Planted.");
        world.Ledger.Broken = null;
        await Task.Delay(500, Stop);
        Assert.Equal((1, 0), await HealthAsync(world));

        world.Ledger.Fault = null;

        await World.SoonAsync(async () => await HealthAsync(world) == (0, 0), "the spool is empty once the program works again");
        Assert.Single(await world.UsageAsync());
    }

    private static async Task<(int Depth, int Dropped)> HealthAsync(World world)
    {
        var health = await world.Operations.GetFromJsonAsync<JsonElement>("/healthz", Stop);
        return (health.GetProperty("spool_depth").GetInt32(), health.GetProperty("dropped_records").GetInt32());
    }
}
