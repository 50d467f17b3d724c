using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger.Recounts;
using Tieout.Server.Outbox;
using Tieout.Server.Spike;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Outbox;
using Tieout.Tests;

namespace Tieout.Server.Tests.Spike;

/// <summary>That a cost rose is told once an episode, and its end too.</summary>
public sealed class SpikeWatchTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: the alert begins when the rise is sustained, is told once however often and by whichever node it is looked at, and ends by itself; the other org's
    // cost is as usual and is not told of. Method: nine days up to now, the last five hours dearer in one org; then a clock moved on, with nothing used.
    [Fact]
    public async Task A_sustained_rise_is_told_once_and_its_end_too()
    {
        var clock = new AheadClock();
        await using var world = await ApiWorld.StartAsync(options => options with { Time = clock });
        var begin = Recount.HourOf(Instant.From(clock.GetUtcNow())) - TimeSpan.FromHours(SpikeTraffic.Hours);
        await SpikeTraffic.FillAsync(world.Ledger, begin, (hour, org, _) => hour >= SpikeTraffic.Hours - 5 && org == "org-2" ? 4 : 1);
        var watch = world.Server.Services.GetRequiredService<SpikeWatch>();

        await watch.LookAsync(Stop);
        Assert.Equal(["alert.cost_spike org-2"], await ToldAlerts.AllAsync(world));

        // A worker that knows of nothing, as on a node that begins to lead.
        var services = world.Server.Services;
        await ActivatorUtilities.CreateInstance<SpikeWatch>(services, ActivatorUtilities.CreateInstance<AlertBook>(services)).LookAsync(Stop);
        await watch.LookAsync(Stop);
        Assert.Single(await ToldAlerts.AllAsync(world));

        clock.Ahead = TimeSpan.FromHours(5);
        await watch.LookAsync(Stop);
        Assert.Equal(["alert.cost_spike org-2", "alert.resolved cost_spike"], await ToldAlerts.AllAsync(world));
    }

    [Fact]
    public async Task An_org_that_cannot_be_judged_keeps_none_of_the_others_from_it()
    {
        var clock = new AheadClock();
        await using var world = await ApiWorld.StartAsync(options => options with { Time = clock });
        var begin = Recount.HourOf(Instant.From(clock.GetUtcNow())) - TimeSpan.FromHours(SpikeTraffic.Hours);
        await SpikeTraffic.FillAsync(world.Ledger, begin, (hour, org, _) => hour >= SpikeTraffic.Hours - 5 && org == "org-2" ? 4 : 1);
        var services = world.Server.Services;
        var (watch, run) = (services.GetRequiredService<SpikeWatch>(), services.GetRequiredService<SpikeRun>());

        await watch.LookAsync(
            (request, pass, stop) => request.Org == "org-2" ? run.JudgeAsync(request, pass, stop) : throw new OverflowException("Hours that do not add up."), Stop);
        Assert.Equal(["alert.cost_spike org-2"], await ToldAlerts.AllAsync(world));
    }
}
