using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Findings, comparisons with other books, incidents.</summary>
internal static class ReconciliationSamples
{
    private const string Org = "books";

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("finding_not_found", "No run has found finding-9.", """
            POST /api/v1/findings/finding-9/correct

            {}
            """),
        new("finding_not_decidable", "{mispriced} is a charge of 5 that the price list makes less; its repair is known.", """
            POST /api/v1/findings/{mispriced}/correct

            {"accept":true,"reason":"it stays"}
            """, async world =>
            {
                await world.OrgAsync(Org, topUp: "100");
                var price = BuiltinPrices.Catalogue.Find("openai", "gpt-4o", Instant.From(DateTimeOffset.UtcNow))!;
                await ChargeAsync(world, new UsageLabels { Org = Org, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway },
                    new(100, 0, 0, 20, 0), price, Amount.Parse("5"));
                await FindAsync(world, "mispriced");
            }),
        new("decision_needed", "{unattributed} is a charge for an app instance that nobody registered.", """
            POST /api/v1/findings/{unattributed}/correct

            {}
            """, async world =>
            {
                var labels = new UsageLabels { Org = Org, Provider = "gpus", Model = "h100", Source = UsageSource.AppRuntime, Runtime = new(
                    "app-x", "worker", false, null, null, null) };
                await ChargeAsync(world, labels, default, price: null, Amount.Parse("1"));
                await FindAsync(world, "unattributed");
            }),
        new("hold_not_expired",
            "The clock of the server is one hour ahead of the store's. By the server's clock the hold of the finding {orphan_hold} is over.", """
            POST /api/v1/findings/{orphan_hold}/correct

            {}
            """, async world =>
            {
                await world.World.DoAsync(new Command.PlaceHold(
                    new(Guid.CreateVersion7()), new() { Org = Org, Source = UsageSource.Gateway }, null, "op-1", Amount.Parse("1"), TimeSpan.FromMinutes(5)));
                world.Time.Ahead = TimeSpan.FromHours(1);
                await FindAsync(world, "orphan_hold");
            }),
        new("hold_ended", "The hold of the finding {orphan_hold} is settled while the request is answered.", """
            POST /api/v1/findings/{orphan_hold}/correct

            {}
            """, world =>
            {
                world.Time.Ahead = TimeSpan.FromHours(1);
                world.World.Ledger.Decides = command => command is Command.Together { Parts: [Command.ExpireHold, ..] }
                    ? new Outcome.Refused(Refusal.HoldEnded) : null;
                return Task.CompletedTask;
            }),
        new("file_invalid", "The second line has no day.", """
            POST /api/v1/orgs/books/ties?key=org,day&amount=usd&unit=usd
            Content-Type: text/csv

            org,day,usd
            books,yesterday,1
            """),
        new("surface_not_found", "tieout.yaml has no surface crm.", "POST /api/v1/surfaces/crm/ties"),
        new("surface_unreadable", "The file of the surface legacy was deleted.", "POST /api/v1/surfaces/legacy/ties"),
        new("incident_not_found", "There is no incident INC-0009.", "GET /api/v1/incidents/INC-0009"),
        new("incident_closed", "The incident {incident} is closed.", """
            POST /api/v1/incidents/{incident}/close

            {"cause":"mispriced","layer":"none","follow_up":"none"}
            """, async world =>
            {
                world["incident"] =
                    (await world.DoAsync("POST", "/incidents", """{"title":"double charges","scope":"broad"}""")).GetProperty("id").GetString()!;
                await world.DoAsync(
                    "POST", "/incidents/{incident}/close", """{"cause":"duplicate_charge","layer":"metering_emitter","follow_up":"fixed in 1.2"}""");
            }),
    ];

    private static Task ChargeAsync(GoldenWorld world, UsageLabels labels, UsageCounts counts, ResolvedPrice? price, Amount charge)
    {
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, "op-1", 1, null, "corr-1", null, null, Instant.From(DateTimeOffset.UtcNow), 1_000, 200, counts,
            UsageBasis.Reported, UsageFlags.None);
        return world.World.DoAsync(new Command.Charge(new(usage, price, charge, charge), Fact: true));
    }

    /// <summary>Reconciles, and names the finding of a code by the code.</summary>
    private static async Task FindAsync(GoldenWorld world, string code)
    {
        var run = await world.DoAsync("POST", "/reconciliations", $$"""{"org":"{{Org}}","full":true}""");
        world[code] = run.GetProperty("findings").EnumerateArray().Single(finding => Text(finding, "code") == code).GetProperty("id").GetString()!;

        static string? Text(JsonElement finding, string name) => finding.GetProperty(name).GetString();
    }
}
