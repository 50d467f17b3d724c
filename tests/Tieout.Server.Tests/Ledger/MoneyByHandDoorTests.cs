using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ledger;

/// <summary>Every door of the API that moves money by hand passes the one check of the ledger.</summary>
// Goal: no door is left out. Method: a table of requests; above the limit each is a proposal, in a frozen org each is refused, and either way no money moves.
public sealed class MoneyByHandDoorTests
{
    private static (string Name, HttpMethod Method, string Path, string Body)[] Doors(string invoice, long charge, long topUp, string finding) =>
    [
        ("top-up", HttpMethod.Post, "/orgs/acme/topups", """{"id":"t","amount":"2","reason":"r"}"""),
        ("grant", HttpMethod.Post, "/orgs/acme/grants", """{"id":"g","amount":"2","reason":"r"}"""),
        ("correction of a charge", HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"c","posting":{{charge}},"reason":"r"}"""),
        ("reversal of a top-up", HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"c2","posting":{{topUp}},"new_amount":"990","reason":"r"}"""),
        ("correction of a finding", HttpMethod.Post, $"/findings/{finding}/correct", "{}"),
        ("credit note", HttpMethod.Post, $"/orgs/acme/documents/{invoice}/credit-notes", """{"id":"n","net":"2","reason":"r"}"""),
        ("price policy", HttpMethod.Put, "/orgs/acme/price-policy", """{"markup":"3","reason":"r"}"""),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task U1_every_door_that_moves_money_by_hand_asks_for_a_second_person_and_is_closed_by_a_freeze(bool frozen)
    {
        await using var world = await ApiWorld.StartAsync(
            options => frozen ? options
                : options with { Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("USD", Amount.Parse("1")) } }, topUpByHand: false);
        var (invoice, finding) = await PrepareAsync(world);
        var postings = await PostingsAsync(world);
        if (frozen) await world.OkAsync(HttpMethod.Post, "/orgs/acme/adjustments/freeze", """{"reason":"fraud case 9"}""");

        var charge = postings.First(posting => posting.Kind == PostingKind.Charge).Seq;
        var topUp = postings.First(posting => posting.Kind == PostingKind.TopUp).Seq;
        foreach (var (name, method, path, body) in Doors(invoice, charge, topUp, finding))
        {
            using var response = await world.SendAsync(method, path, body);
            if (frozen)
            {
                Assert.Equal((name, "adjustments_frozen"), (name, await ApiWorld.CodeAsync(response, HttpStatusCode.Conflict)));
            }
            else
            {
                Assert.True(response.StatusCode == HttpStatusCode.Accepted,
                    $"{name}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
            }
        }

        Assert.Equal(postings.Count, (await PostingsAsync(world)).Count);
    }

    /// <summary>An invoice of last month with 10 on it, and a charge of today that the price does not come to.</summary>
    private static async Task<(string Invoice, string Finding)> PrepareAsync(ApiWorld world)
    {
        var month = Month.Of(Instant.From(DateTimeOffset.UtcNow), TimeZoneInfo.Utc).Start(TimeZoneInfo.Utc) - TimeSpan.FromDays(1);
        var labels = new UsageLabels { Org = "acme", Provider = "openai", Model = "gpt-4o", Source = UsageSource.Import };
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, "op-0", 1, null, null, null, null, month, 0, 200, default, UsageBasis.Imported, UsageFlags.None);
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(
            new Command.Charge(new(usage, Price: null, Amount.Parse("10"), Amount.Parse("10")), Fact: true), TestContext.Current.CancellationToken));
        await world.ChargeAsync("5");
        var run = await world.OkAsync(HttpMethod.Post, "/reconciliations", "{}");
        var finding = run.GetProperty("findings").EnumerateArray().Single(found => Text(found, "code") == "mispriced");
        var issued = await world.OkAsync(HttpMethod.Post, $"/orgs/acme/invoices/{Month.Of(month, TimeZoneInfo.Utc)}/finalise", "{}");
        return (Text(issued, "number"), Text(finding, "id"));
    }

    private static async Task<List<Posting>> PostingsAsync(ApiWorld world)
    {
        var postings = new List<Posting>();
        await foreach (var posting in world.Ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, TestContext.Current.CancellationToken))
        {
            postings.Add(posting);
        }

        return postings;
    }

    private static string Text(JsonElement json, string member) => json.GetProperty(member).GetString()!;
}
