using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger.Recounts;
using Tieout.Server.Spike;
using Tieout.Server.Spike.FollowUp;

namespace Tieout.Server.Tests.Spike;

/// <summary>The runbook of a spike after the diagnosis: incident, mitigation, escalation, end, follow-up.</summary>
public sealed class SpikeIncidentTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: everything is said once, in the order of the runbook, whichever node says it. Method: nine days of usage, the last five hours dearer in one org;
    // then hour by hour as dear as before and as usual, with mitigations between.
    [Fact]
    public async Task A_spike_opens_an_incident_that_goes_on_until_the_cost_is_as_usual()
    {
        await using var world = await SpikingAsync();
        await LookAsync(world);
        await LookAsync(world);
        var opened = Assert.Single(await MessagesAsync(world));
        Assert.Equal(("incident.opened", "INC-0001"), (opened.Type, Text(opened.Body, "incident")));
        var spike = (await ShownAsync(world)).GetProperty("spike");
        Assert.Equal(("org-2", "2026-03-18T07:00:00Z", "2026-03-25"), (Text(spike, "org"), Text(spike, "onset"), Text(spike, "follow_up_on")));
        Assert.Contains("tieout alerts rules set after-INC-0001 --org org-2", Text(spike, "suggested_rule"), StringComparison.Ordinal);

        // The cost is as high after a whole hour with the mitigation: that is escalated, once.
        await MitigateAsync(world, "slow");
        await NextAsync(world, "0.066");
        await NextAsync(world, "0.066");
        Assert.Equal(["incident.opened", "incident.escalated"], (await MessagesAsync(world)).Select(message => message.Type));
        Assert.Contains("--kind cost_cap", Text((await MessagesAsync(world))[1].Body, "text"), StringComparison.Ordinal);
        await NextAsync(world, "0.066");
        Assert.Equal(2, (await MessagesAsync(world)).Count);

        // The next mitigation works, so nothing more is escalated; later the cost is as usual.
        await MitigateAsync(world, "slow");
        await NextAsync(world, "0.03");
        await NextAsync(world, "0.021");
        for (var i = 0; i < 6; i++) await NextAsync(world, "0.021");
        Assert.Equal(2, (await MessagesAsync(world)).Count);
        var incident = await ShownAsync(world);
        Assert.Equal(["opened", "mitigation", "escalated", "mitigation", "over"], Steps(incident));
        Assert.Equal("open", Text(incident.GetProperty("incident"), "status"));
    }

    [Fact]
    public async Task The_follow_up_is_reminded_of_once_on_its_day_also_of_a_closed_incident_and_again_on_another_day()
    {
        await using var world = await SpikingAsync();
        await LookAsync(world);
        Assert.Equal(0, (await world.World.RunAsync("incident", "close", "INC-0001", "--cause", "cost_spike", "--layer", "none", "--follow-up", "cap the <b>editor</b>")).ExitCode);
        world.Clock.Ahead += TimeSpan.FromDays(6);
        await LookAsync(world);
        Assert.Single(await MessagesAsync(world));

        world.Clock.Ahead += TimeSpan.FromDays(1);
        await LookAsync(world);
        await LookAsync(world);
        var reminders = (await MessagesAsync(world)).Skip(1).ToList();
        Assert.Equal("incident.follow_up", Assert.Single(reminders).Type);
        Assert.Contains("cap the <b>editor</b>", Text(reminders[0].Body, "text"), StringComparison.Ordinal);

        Assert.Equal(0, (await world.World.RunAsync("incident", "follow-up", "INC-0001", "--on", "2026-03-27")).ExitCode);
        await LookAsync(world);
        Assert.Equal(2, (await MessagesAsync(world)).Count);
        world.Clock.Ahead += TimeSpan.FromDays(2);
        await LookAsync(world);
        Assert.Equal(3, (await MessagesAsync(world)).Count);
        Assert.Contains("[parameter_invalid]", (await world.World.RunAsync("incident", "follow-up", "INC-0001", "--on", "soon")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mitigation_of_another_part_or_before_the_spike_is_not_linked()
    {
        await using var world = await SpikingAsync();
        await LookAsync(world);
        var place = new Dictionary<string, string?> { ["feature"] = "chat" };
        Assert.True(SpikeIncidentText.IsInScope(new(Feature: "chat", User: "*"), place));
        Assert.True(SpikeIncidentText.IsInScope(new(), place));
        Assert.False(SpikeIncidentText.IsInScope(new(Feature: "search"), place));
        Assert.True(SpikeIncidentText.IsInScope(new(Team: "red"), place));
        await MitigateAsync(world, "other", "org-1");
        await LookAsync(world);
        Assert.Equal(["opened"], Steps(await ShownAsync(world)));
    }

    private static async Task<AlertWorld> SpikingAsync()
    {
        var world = await AlertWorld.StartAsync();
        var begin = Recount.HourOf(world.Now) - TimeSpan.FromHours(SpikeTraffic.Hours);
        await SpikeTraffic.FillAsync(world.World.Ledger, begin, (hour, org, _) => hour >= SpikeTraffic.Hours - 5 && org == "org-2" ? 4 : 1);
        return world;
    }

    /// <summary>The running hour costs so much, and is over.</summary>
    private static async Task NextAsync(AlertWorld world, string cost)
    {
        await world.ChargeAsync(cost, TimeSpan.FromMinutes(1), "org-2");
        world.Clock.Ahead += Hour;
        await LookAsync(world);
    }

    private static async Task LookAsync(AlertWorld world)
    {
        var services = world.World.Server.Services;
        await services.GetRequiredService<SpikeWatch>().LookAsync(Stop);
        await services.GetRequiredService<SpikeIncidents>().LookAsync(Stop);
    }

    private static Task<JsonElement> MitigateAsync(AlertWorld world, string id, string org = "org-2") => world.World.OkAsync(
        HttpMethod.Put, $"/orgs/{org}/mitigations/{id}",
        """{"kind":"rate_limit","scope":{"user":"*"},"rule":{"requests":10},"owner":"ann","reason":"A test.","expires_in_seconds":86400}""");

    private static Task<JsonElement> ShownAsync(AlertWorld world) => world.World.GetAsync("/incidents/INC-0001");

    private static async Task<List<(string Type, JsonElement Body)>> MessagesAsync(AlertWorld world) =>
    [
        .. (await world.World.Ledger.Read.OutboxAsync("", 0, 1_000, Stop)).Where(row => row.Type.StartsWith("incident.", StringComparison.Ordinal))
            .Select(row => (row.Type, JsonDocument.Parse(row.Body).RootElement)),
    ];

    /// <summary>Without the findings that the charges of the test are: no price list says what they cost.</summary>
    private static IEnumerable<string> Steps(JsonElement incident) =>
        incident.GetProperty("timeline").EnumerateArray().Select(line => Text(line, "kind")).Where(kind => kind != "finding");

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;
}
