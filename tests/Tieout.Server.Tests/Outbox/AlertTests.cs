using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Server.Outbox;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Outbox;

/// <summary>That falling behind is told, once, and that its end is told too.</summary>
public sealed class AlertTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_spool_that_fills_is_told_once_and_its_end_too_also_over_a_restart()
    {
        var world = await StartAsync();
        world.Ledger.Broken = command => command is Command.Settle;
        using (await world.ChatAsync(World.Hello)) { }
        var alerts = world.Server.Services.GetRequiredService<Alerts>();
        for (var i = 0; i < 3; i++) await alerts.LookAsync(Stop);
        Assert.Equal(["alert.spool_backlog"], await ToldAsync(world, 1));

        // It stays an episode, though the server is a new one; what waited is replayed at its start, and then it is over.
        await using var restarted = await world.RestartedAsync();
        alerts = restarted.Server.Services.GetRequiredService<Alerts>();
        for (var i = 0; i < 3; i++) await alerts.LookAsync(Stop);
        Assert.Equal(["alert.spool_backlog", "alert.resolved"], await ToldAsync(restarted, 2));
    }

    [Fact]
    public async Task What_could_not_be_told_while_the_store_was_down_is_told_when_it_is_back()
    {
        await using var world = await StartAsync();
        world.Ledger.Broken = _ => true;
        world.Server.Services.GetRequiredService<AlertBook>().Set("queue_depth", "server", isRaised: true, 200, 100);
        await Task.Delay(300, Stop);
        world.Ledger.Broken = null;
        Assert.Equal(["alert.queue_depth"], await ToldAsync(world, 1));
    }

    private static Task<World> StartAsync() => World.StartAsync(change: options => options with { Alerts = new() { SpoolAlert = 0 } });

    /// <summary>The types of all alerts, once there are so many, and a moment later in case there are more.</summary>
    private static async Task<List<string>> ToldAsync(World world, int count)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await AlertsAsync() is var soFar && soFar.Count >= count) break;
            await Task.Delay(50, Stop);
        }

        await Task.Delay(200, Stop);
        return await AlertsAsync();

        async Task<List<string>> AlertsAsync() =>
            [.. (await world.Read.OutboxAsync(null, 0, 1_000, Stop)).Select(row => row.Type).Where(
                type => type.StartsWith("alert.", StringComparison.Ordinal))];
    }
}
