using System.Collections.Immutable;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Server.Incidents;
using Tieout.Server.Ingest;
using Tieout.Server.Tests.Http;
using Tieout.Storage;

namespace Tieout.Server.Tests.Ledger;

/// <summary>Endpoints that need something of others first: each leaves its audit record, with the person who called, in the commit of its action.</summary>
public sealed class AuditedSequenceTests
{
    internal static readonly string[] Endpoints =
    [
        "POST /prices", "POST /proposals/{proposal}/approve", "POST /proposals/{proposal}/reject", "POST /orgs/{org}/proposals/{proposal}/approve",
        "POST /orgs/{org}/proposals/{proposal}/reject",
        "POST /runtimes", "POST /runtimes/{id}/events", "POST /runtimes/{id}/retire", "POST /events", "POST /envelopes/hops", "POST /guard/overrides/{id}/approve",
        "POST /findings/{finding}/correct",
        "POST /orgs/{org}/quarantined-events/{usage}/repair", "POST /orgs/{org}/quarantined-events/{usage}/release",
        "POST /orgs/{org}/documents/{number}/credit-notes", "POST /orgs/{org}/ties", "POST /ties", "POST /surfaces/{name}/ties",
        "POST /incidents/{id}/follow-up",
    ];

    private static readonly string Yesterday = DateTime.UtcNow.AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static readonly string Bill = $$"""{"data":[{"date":"{{Yesterday}}","model":"gpt-4o","provider_name":"OpenAI","usage":3,"requests":1}]}""";

    private readonly HashSet<string> _called = new(StringComparer.Ordinal);

    [Fact]
    public async Task U1_every_endpoint_that_needs_others_first_leaves_its_record_with_its_person()
    {
        var bill = Path.GetTempFileName();
        await File.WriteAllTextAsync(bill, Bill, TestContext.Current.CancellationToken);
        await using var world = await ApiWorld.StartAsync(
            options => options with
            {
                EnvelopeSecret = new("thirty-two bytes of a test secret"u8),
                Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("USD", Amount.Parse("100")) },
                Surfaces = [new SurfaceOptions("router", Org: null, "day", Amount: null, Unit: null, new SurfaceSource.InFile(bill, "openrouter"), Every: null,
                    0) { Provider = "openai" }],
            },
            topUpByHand: false);
        var made = await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"finance"}""");
        var ben = (Text(made, "id"), Text(made, "token"));

        await DecideAsync(world, ben);
        await RunAsync(world);
        await HandInAsync(world);
        await QuarantineAsync(world);
        await ReconcileAsync(world, ben);
        var incident = await world.Server.Services.GetRequiredService<IncidentBook>().OpenAsync(
            id => new(id, "acme", $"{Yesterday}T10:00:00Z", "Nothing is named.", null, new Dictionary<string, string?>(), default, default, [], "", "2026-03-25"),
            _ => "t", _ => "t", TestContext.Current.CancellationToken);
        await CallAsync(world, "POST /incidents/{id}/follow-up", $"/incidents/{incident.Id}/follow-up", """{"on":"2026-12-07"}""", ben);
        File.Delete(bill);
        Assert.Equal(Endpoints.Order(StringComparer.Ordinal), _called.Order(StringComparer.Ordinal));
    }

    /// <summary>Proposals: of all orgs (price lists) and of one.</summary>
    private async Task DecideAsync(ApiWorld world, (string Id, string Token) ben)
    {
        var list = Runtime.RuntimeTests.Prices;
        foreach (var (decision, version) in new[] { ("approve", "1"), ("reject", "2") })
        {
            var proposal = await CallAsync(world, "POST /prices", "/prices?format=tieout&reason=r",
                list.Replace("\"version\":\"1\"", $"\"version\":\"{version}\"", StringComparison.Ordinal), outcome: "proposed");
            await CallAsync(
                world, "POST /proposals/{proposal}/" + decision, $"/proposals/{Text(proposal, "id")}/{decision}", Decision(decision, proposal), ben);
            proposal = await world.OkAsync(HttpMethod.Post, "/orgs/acme/topups", $$"""{"id":"{{decision}}","amount":"5000","reason":"r"}""");
            await CallAsync(world, "POST /orgs/{org}/proposals/{proposal}/" + decision, $"/orgs/acme/proposals/{Text(proposal, "id")}/{decision}",
                Decision(decision, proposal), ben);
        }

        static string Decision(string decision, JsonElement proposal) =>
            decision == "approve" ? $$"""{"hash":"{{Text(proposal, "hash")}}"}""" : """{"reason":"no"}""";
    }

    private async Task RunAsync(ApiWorld world)
    {
        await CallAsync(world, "POST /runtimes", "/runtimes",
            """{"org":"acme","id":"rent-1","source":"allocation","provider":"gpus","components":[{"name":"node","model":"h100","gpus":1}]}""");
        await CallAsync(world, "POST /runtimes/{id}/events", "/runtimes/rent-1/events?org=acme",
            $$"""{"items":[{"id":"a","at":"{{Yesterday}}T10:00:00Z","type":"heartbeat"}]}""");
        await CallAsync(world, "POST /runtimes", "/runtimes",
            """{"org":"acme","id":"rent-2","source":"allocation","provider":"gpus","components":[{"name":"node","model":"h100","gpus":1}]}""");
        await CallAsync(world, "POST /runtimes/{id}/retire", "/runtimes/rent-2/retire?org=acme", "");
    }

    private async Task HandInAsync(ApiWorld world)
    {
        await CallAsync(world, "POST /events", "/events",
            $$$"""{"specversion":"1.0","id":"e","source":"s","type":"ai.usage.attempt.v1","subject":"acme","time":"{{{Yesterday}}}T10:00:00Z","data":{"model":"gpt-4o","input_tokens":5}}""", media: "application/cloudevents+json");
        var envelope = Text(await world.OkAsync(HttpMethod.Post, "/envelopes", """{"org_id":"acme","originator_id":"user-1"}"""), "envelope");
        await CallAsync(world, "POST /envelopes/hops", "/envelopes/hops", $$"""{"envelope":"{{envelope}}","id":"h","target":"queue"}""");
        var open = await world.OkAsync(
            HttpMethod.Post, "/guard/overrides", """{"actions":"volume.*","reason":"r","expires_in_seconds":60,"needs_approval":true}""");
        var other = await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"operator"}""");
        await CallAsync(
            world, "POST /guard/overrides/{id}/approve", $"/guard/overrides/{Text(open, "id")}/approve", "", (Text(other, "id"), Text(other, "token")));
    }

    private async Task QuarantineAsync(ApiWorld world)
    {
        await world.OkAsync(HttpMethod.Post, "/contracts",
            """{"contract":{"name":"usage","version":"1.0.0","on_violation":"quarantine","keys":[],"segmentation":["team"]},"reason":"r"}""");
        await world.OkAsync(HttpMethod.Post, "/usage", $$"""[{"id":"aside","org":"acme","occurred_at":"{{Yesterday}}T10:00:00Z","model":"gpt-4o","input_tokens":5}]""");
        var events = $"/orgs/acme/quarantined-events/{ImportedId.Of("acme", "usage", "aside")}";
        await CallAsync(world, "POST /orgs/{org}/quarantined-events/{usage}/repair", $"{events}/repair", """{"set":{"team":"red"},"reason":"r"}""");
        await CallAsync(world, "POST /orgs/{org}/quarantined-events/{usage}/release", $"{events}/release", """{"reason":"r"}""");
        await world.OkAsync(HttpMethod.Post, "/contracts/usage/end", """{"reason":"r"}""");
    }

    private async Task ReconcileAsync(ApiWorld world, (string Id, string Token) ben)
    {
        await CallAsync(world, "POST /orgs/{org}/ties", "/orgs/acme/ties?format=openrouter&provider=openai", Bill, ben);
        await CallAsync(world, "POST /ties", "/ties?format=openrouter&provider=openai", Bill, ben);
        await CallAsync(world, "POST /surfaces/{name}/ties", "/surfaces/router/ties", "", ben);
        await world.ChargeAsync("5");
        var findings = (await world.OkAsync(HttpMethod.Post, "/reconciliations", "{}")).GetProperty("findings").EnumerateArray();
        var mispriced = findings.Select(item => Text(item, "id")).First(id => id.StartsWith("mispriced", StringComparison.Ordinal));
        await CallAsync(world, "POST /findings/{finding}/correct", $"/findings/{mispriced}/correct", "{}", ben);
        var month = DateTime.UtcNow.AddMonths(-1).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        await Invoicing.IssuedTests.ChargeAsync(world, "10", "a");
        await world.OkAsync(HttpMethod.Post, $"/orgs/acme/invoices/{month}/finalise");
        await CallAsync(world, "POST /orgs/{org}/documents/{number}/credit-notes", "/orgs/acme/documents/INV-000001/credit-notes",
            """{"id":"n","net":"1","reason":"r"}""", ben);
    }

    /// <summary>Calls, and expects a record of that person and address first among the new ones, and no commit without a record.</summary>
    /// <param name="by">Null: the admin.</param>
    private async Task<JsonElement> CallAsync(
        ApiWorld world, string endpoint, string path, string body, (string Id, string Token)? by = null, string outcome = "done",
        string media = "application/json")
    {
        var (before, commit) = ((await AuditAsync(world)).Count, world.Ledger.Health.Commit);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1" + path);
        request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(media));
        request.Headers.Authorization = new("Bearer", by?.Token ?? ApiWorld.Admin);
        using var answer = await world.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{endpoint}: {(int)answer.StatusCode} {text}");
        _called.Add(endpoint);
        var all = await AuditAsync(world);
        var records = all.Take(all.Count - before).ToList();
        Assert.True(records.Count >= 1, $"{endpoint} left no record.");
        Assert.All(records, record => Assert.Equal((endpoint, by?.Id ?? "admin"), (record.Row.Action, record.Row.Actor.Id)));
        Assert.Contains(records, record => record.Row.Outcome == outcome);

        // Findings that a comparison keeps are the server's own rows; the call is recorded beside them.
        if (!endpoint.EndsWith("ties", StringComparison.Ordinal)) Assert.Equal(records.Count, world.Ledger.Health.Commit - commit);
        using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return json.RootElement.Clone();
    }

    private static async Task<IReadOnlyList<StoredAudit>> AuditAsync(ApiWorld world) =>
        await world.Ledger.Read.AuditAsync(new(null, null, null, null, Before: null, 1_000), TestContext.Current.CancellationToken);

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;
}
