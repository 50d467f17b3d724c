using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Storage;
using Tieout.Storage.Sqlite;
using Tieout.Tests;

namespace Tieout.Server.Tests.Spike;

/// <summary>A rise that only the meter made: the ledger's rows say how usage arrived.</summary>
public sealed class SpikeArrivalTests
{
    private const int Hours = 216, Rises = 204;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: usage that was recorded twice under two ids, or that arrived a day late, is no spike; as much more of real usage is one. Method: nine days that are
    // recorded as they pass; in the last twelve hours an org has twice the usage.
    [Theory]
    [InlineData("twice", "metering", "duplicates")]
    [InlineData("late", "metering", "backfill")]
    [InlineData("more", "sustained", null)]
    public async Task Duplicates_and_backfills_are_metering_and_real_usage_is_not(string what, string verdict, string? because)
    {
        var clock = new AheadClock();
        var folder = Directory.CreateTempSubdirectory("tieout-");
        var world = await ApiWorld.StartAsync(
            options => options with { Time = clock }, open: () => Task.FromResult<ILedger>(SqliteLedger.Open(folder.FullName, clock)));
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.OpenOrg(new("org-1", "USD", BillingMode.Postpaid, null, "UTC")), Stop));
        var begin = Recount.HourOf(Instant.From(clock.GetUtcNow()));
        var late = new List<Command>();
        for (var hour = 0; hour < Hours; hour++)
        {
            // An hour is recorded when it is over.
            clock.Ahead = TimeSpan.FromHours(hour + 1);
            var made = new List<Command>();
            for (var i = 0; i < 6; i++)
            {
                var at = begin + TimeSpan.FromHours(hour) + TimeSpan.FromMilliseconds(599_999 * i + 17 * hour % 331);
                var tokens = 900 + (hour * 31 + i * 57) % 200;
                made.Add(Attempt(at, tokens));
                if (hour < Rises) continue;
                if (what == "twice") made.Add(Attempt(at, tokens));
                if (what == "more") made.Add(Attempt(at + TimeSpan.FromMilliseconds(12_345), tokens));
                if (what == "late") late.Add(Attempt(at + TimeSpan.FromMilliseconds(12_345), tokens));
            }

            await world.Ledger.SubmitAsync([.. made], Stop);
        }

        clock.Ahead = TimeSpan.FromHours(Hours + 10);
        if (late.Count > 0) await world.Ledger.SubmitAsync([.. late], Stop);
        var spike = await world.GetAsync($"/orgs/org-1/spike?at={begin + TimeSpan.FromHours(Hours)}");
        Assert.Equal((verdict, because), (spike.GetProperty("verdict").GetString(), Text(spike, "because")));
        Assert.Equal(because is null, spike.GetProperty("causes").GetArrayLength() > 0);
        await world.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var text) ? text.GetString() : null;

    private static Command.Charge Attempt(Instant at, long tokens)
    {
        var labels = new UsageLabels { Org = "org-1", Feature = "chat", Provider = "openai", Model = "gpt-4o", Source = UsageSource.Import };
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, "op", 1, null, null, null, $"u{tokens % 5}", at, 12, 200, new(tokens, 0, 0, 100, 0),
            UsageBasis.Imported, UsageFlags.None);
        var cost = new Amount(tokens * 2_500 + 1_000_000);
        return new(new(usage, null, cost, cost), Fact: true);
    }
}
