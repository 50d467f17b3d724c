using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Outbox;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;
using Tieout.Tests;

namespace Tieout.Server.Tests.Outbox;

/// <summary>That a contract's error budget is used too fast is told once an episode, and its end too.</summary>
public sealed class ContractBurnTests
{
    private const string Contract = """
        {"name":"usage","version":"1.0.0","on_violation":"charge","keys":[{"name":"operation_id","type":"name"}],"segmentation":["feature"],"objective":0.99}
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: each window's alert begins when it burns, is told once however often it is looked at, and ends by itself: the fast one after hours, the slow one
    // after days, both at once with the contract. Method: usage of now, and a server whose clock is moved on.
    [Fact]
    public async Task J1_a_burning_error_budget_is_told_once_and_ends_when_its_window_is_past()
    {
        var clock = new AheadClock();
        await using var world = await ApiWorld.StartAsync(options => options with { Time = clock });
        await world.OkAsync(HttpMethod.Post, "/contracts", $$"""{"contract":{{Contract}},"reason":"r"}""");
        await SendAsync(world, 300, complete: true);
        await SendAsync(world, 2, complete: false);
        Assert.Empty(await LookAsync(world));

        // 4 of 302: slow, not fast.
        await SendAsync(world, 2, complete: false);
        Assert.Equal(["alert.contract_burn_slow usage"], await LookAsync(world));
        await SendAsync(world, 60, complete: false);
        Assert.Equal(["alert.contract_burn_slow usage", "alert.contract_burn_fast usage"], await LookAsync(world));
        Assert.Equal(2, (await LookAsync(world)).Count);
        var shown = await world.GetAsync("/contracts/usage/completeness");
        Assert.Equal(
            [("fast", 64, true), ("slow", 64, true)],
            shown.GetProperty("burn").EnumerateArray()
                .Select(burn => (burn.GetProperty("window").GetString(), burn.GetProperty("lacking").GetInt32(), burn.GetProperty("burning").GetBoolean())));
        var run = await world.RunAsync("contracts", "completeness", "usage");
        Assert.Contains("(fast): 64 of 364 records incomplete", run.Out, StringComparison.Ordinal);
        Assert.Contains("It burns.", run.Out, StringComparison.Ordinal);

        clock.Ahead = TimeSpan.FromHours(3);
        Assert.Equal(["alert.resolved contract_burn_fast"], (await LookAsync(world)).Skip(2));
        clock.Ahead = TimeSpan.FromHours(80);
        Assert.Equal(["alert.resolved contract_burn_fast", "alert.resolved contract_burn_slow"], (await LookAsync(world)).Skip(2));
    }

    [Fact]
    public async Task J1_another_node_goes_on_with_the_episode_and_the_end_of_a_contract_ends_it()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/contracts", $$"""{"contract":{{Contract}},"reason":"r"}""");
        await SendAsync(world, 20, complete: false);
        Assert.Equal(2, (await LookAsync(world)).Count);

        // A worker that knows of nothing, as on a node that begins to lead.
        var services = world.Server.Services;
        var book = ActivatorUtilities.CreateInstance<AlertBook>(services);
        var other = ActivatorUtilities.CreateInstance<ContractBurnWorker>(services, book);
        await other.LookAsync(Stop);
        await world.OkAsync(HttpMethod.Post, "/contracts/usage/end", """{"reason":"r"}""");
        await other.LookAsync(Stop);
        Assert.Equal(
            ["alert.contract_burn_fast usage", "alert.contract_burn_slow usage", "alert.resolved contract_burn_fast", "alert.resolved contract_burn_slow"],
            (await ToldAlerts.AllAsync(world)).Order(StringComparer.Ordinal));
    }

    private static int _sent;

    private static async Task SendAsync(ApiWorld world, int count, bool complete)
    {
        var at = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        var records = Enumerable.Range(0, count).Select(_ => Sending.Record($"r{Interlocked.Increment(ref _sent)}", complete ? ""","feature":"chat" """ : "")
            .Replace(Sending.At, at, StringComparison.Ordinal));
        Assert.Equal(count, (await world.UsageAsync($"[{string.Join(',', records)}]")).Accepted);
    }

    /// <summary>Looks, and gives all that was told until then.</summary>
    private static async Task<IReadOnlyList<string>> LookAsync(ApiWorld world)
    {
        await world.Server.Services.GetRequiredService<ContractBurnWorker>().LookAsync(Stop);
        return await ToldAlerts.AllAsync(world);
    }
}
