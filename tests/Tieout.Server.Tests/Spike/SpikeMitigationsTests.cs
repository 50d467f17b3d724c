using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Spike;

/// <summary>What the report of a spike proposes, and where its findings point to.</summary>
public sealed class SpikeMitigationsTests
{
    private const string At = "2025-11-12T00:00:00Z";

    private static readonly Instant Begin = Instant.From(new(2025, 11, 3, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: text, JSON and HTML have the mitigation with what it would have saved, and the runbook's advice; of one org and of all. Method: in the last twelve
    // of 216 hours a user of one of two orgs presses undo ten times a minute: of ten, three would have passed.
    [Fact]
    public async Task The_report_proposes_a_mitigation_with_its_preview_and_says_where_to_look()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var org in (string[])["org-1", "org-2"]) await FillAsync(world.Ledger, org, hour => org == "org-1" && hour >= 204 ? 10 : 1);

        foreach (var path in (string[])[$"/orgs/org-1/spike?at={At}", $"/spike?asset=USD&at={At}"])
        {
            var spike = await world.GetAsync(path);
            Assert.Equal("undo", Text(spike.GetProperty("causes")[0], "cause"));
            var proposed = spike.GetProperty("mitigations").EnumerateArray().Single();
            var preview = proposed.GetProperty("preview");
            Assert.Equal(("undo", "org-1", "rate_limit"), (Text(proposed, "cause"), Text(preview, "org"), Text(preview, "kind")));
            Assert.Equal((12 * 7, 12 * (10 + 6)), (preview.GetProperty("touched").GetInt32(), preview.GetProperty("requests").GetInt32()));
            var advice = spike.GetProperty("steps").EnumerateArray().ToDictionary(step => step.GetProperty("no").GetInt32(), step => Text(step, "advice"));
            Assert.StartsWith("High undo or retries:", advice[3], StringComparison.Ordinal);
            Assert.Null(advice[6]);
        }

        var said = (await world.RunAsync("spike", "--org", "org-1", "--at", At)).Out;
        Assert.Contains("\nmitigate: Undo calls the model: admit 3 a minute for each user.\n    It would touch 84 of 192 requests, of 1 users, and save ", said, StringComparison.Ordinal);
        Assert.Contains("    tieout mitigate apply against-undo-1 --org org-1 --kind rate_limit ", said, StringComparison.Ordinal);
        Assert.Contains("\n     High undo or retries: look for", said, StringComparison.Ordinal);
        var page = (await world.RunAsync("spike", "--org", "org-1", "--at", At, "--html")).Out;
        Assert.Contains("<h2>Mitigations to choose from</h2>", page, StringComparison.Ordinal);
        Assert.Contains("It would touch 84 of 192 requests", page, StringComparison.Ordinal);

        var calm = await world.GetAsync($"/orgs/org-2/spike?at={At}");
        Assert.Equal(0, calm.GetProperty("mitigations").GetArrayLength());
        Assert.All(calm.GetProperty("steps").EnumerateArray(), step => Assert.Null(Text(step, "advice")));
    }

    private static async Task FillAsync(BreakableLedger ledger, string org, Func<int, int> undone)
    {
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.OpenOrg(new(org, "USD", BillingMode.Postpaid, null, "UTC")), Stop));
        var attempts = new List<Command>();
        for (var hour = 0; hour < 216; hour++)
        {
            var start = Begin + TimeSpan.FromHours(hour);
            for (var i = 0; i < 6; i++) attempts.Add(Attempt(org, null, $"u{i}", start + TimeSpan.FromMinutes(9 * i)));
            for (var i = 0; i < undone(hour); i++) attempts.Add(Attempt(org, "undo", "u1", start + TimeSpan.FromSeconds(600 + 4 * i)));
        }

        foreach (var batch in attempts.Chunk(1_000)) await ledger.SubmitAsync([.. batch], Stop);
    }

    private static Command.Charge Attempt(string org, string? trigger, string user, Instant at)
    {
        var labels = new UsageLabels { Org = org, Feature = "editor", Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway, Trigger = trigger };
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, "op", 1, null, null, null, user, at, 12, 200, new(1_000, 0, 0, 100, 0), UsageBasis.Reported,
            UsageFlags.None);
        var cost = new Amount(3_500_000);
        return new(new(usage, null, cost, cost), Fact: true);
    }

    private static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var text) ? text.GetString() : null;
}
