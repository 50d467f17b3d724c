using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Http;
using Tieout.Server.Tests.Http;
using Tieout.Storage;

namespace Tieout.Server.Tests.Ledger;

/// <summary>Every endpoint of the API that may change something leaves an audit record, and the commit of its action has one.</summary>
public sealed class AuditedCallTests
{
    // What is called, in this order; {…} are filled in from earlier answers. Every endpoint of the API that is no GET must be here or in AuditedSequenceTests.
    private static readonly (string Endpoint, string Path, string Body)[] Calls =
    [
        ("POST /orgs", "/orgs", """{"id":"beta","asset":"USD","billing":"prepaid"}"""),
        ("POST /orgs/{org}/teams", "/orgs/acme/teams", """{"name":"blue"}"""),
        ("POST /orgs/{org}/projects", "/orgs/acme/projects", """{"name":"apollo"}"""),
        ("POST /orgs/{org}/keys", "/orgs/acme/keys", "{}"),
        ("POST /orgs/{org}/keys/{key}/block", "/orgs/acme/keys/{id}/block", ""),
        ("POST /orgs/{org}/keys/{key}/unblock", "/orgs/acme/keys/{id}/unblock", ""),
        ("POST /orgs/{org}/keys/{key}/rotate", "/orgs/acme/keys/{id}/rotate", ""),
        ("POST /orgs/{org}/keys/{key}/end-previous", "/orgs/acme/keys/{id}/end-previous", ""),
        ("PUT /orgs/{org}/keys/{key}/terms", "/orgs/acme/keys/{id}/terms", """{"scopes":["chat"]}"""),
        ("POST /orgs/{org}/keys/{key}/expire", "/orgs/acme/keys/{id}/expire", ""),
        ("PUT /orgs/{org}/keys/{key}/cap", "/orgs/acme/keys/{id}/cap", """{"limit":"5"}"""),
        ("PUT /orgs/{org}/budgets", "/orgs/acme/budgets", """{"window":"day","limit":"10","hard":true}"""),
        ("POST /orgs/{org}/topups", "/orgs/acme/topups", """{"id":"t","amount":"1"}"""),
        ("POST /orgs/{org}/grants", "/orgs/acme/grants", """{"id":"g","amount":"1"}"""),
        ("POST /orgs/{org}/corrections", "/orgs/acme/corrections", """{"id":"c","posting":2,"new_amount":"2","reason":"r"}"""),
        ("PUT /orgs/{org}/price-policy", "/orgs/acme/price-policy", """{"markup":"1.5"}"""),
        ("POST /orgs/{org}/invoices/{month}/close", "/orgs/acme/invoices/2026-01/close", ""),
        ("POST /orgs/{org}/invoices/{month}/finalise", "/orgs/acme/invoices/2026-02/finalise", ""),
        ("POST /orgs/{org}/adjustments/freeze", "/orgs/beta/adjustments/freeze", """{"reason":"r"}"""),
        ("POST /orgs/{org}/adjustments/unfreeze", "/orgs/beta/adjustments/unfreeze", """{"reason":"r"}"""),
        ("POST /reconciliations", "/reconciliations", "{}"),
        ("POST /lineage/audit", "/lineage/audit", "{}"),
        ("POST /archive/detach", "/archive/detach", """{"before":"2026-01","archive":"/","plan":"0123456789abcdef"}"""),
        ("POST /incidents", "/incidents", """{"title":"t","scope":"broad"}"""),
        ("POST /incidents/{id}/notes", "/incidents/INC-0001/notes", """{"text":"n"}"""),
        ("POST /incidents/{id}/evidence", "/incidents/INC-0001/evidence", """{"org":"acme","app_instance":"app-1"}"""),
        ("POST /incidents/{id}/close", "/incidents/INC-0001/close", """{"cause":"other","layer":"none","follow_up":"f"}"""),
        ("POST /tokens", "/tokens", """{"role":"viewer"}"""),
        ("POST /tokens/{token}/revoke", "/tokens/{id}/revoke", ""),
        ("POST /envelopes", "/envelopes", """{"org_id":"acme","originator_id":"user-1"}"""),
        ("POST /envelopes/revoke", "/envelopes/revoke", """{"org_id":"acme","issuance_id":"i-1"}"""),
        ("POST /envelope-keys", "/envelope-keys", """{"id":"ek_new"}"""),
        ("POST /envelope-keys/{key}/state", "/envelope-keys/ek_new/state", """{"state":"verify_only"}"""),
        ("POST /contracts", "/contracts",
            """{"contract":{"name":"usage","version":"1.0.0","on_violation":"charge","keys":[],"segmentation":["team"]},"reason":"r"}"""),
        ("POST /contracts/{contract}/end", "/contracts/usage/end", """{"reason":"r"}"""),
        ("POST /shared-costs", "/shared-costs",
            """{"name":"cluster","window":"2026-01","method":"fixed","asset":"USD","costs":[{"kind":"shared","name":"c","cost":"1"}],"parts":{"acme":"100"},"charge":true,"reason":"r"}"""),
        ("POST /guard/policies", "/guard/policies",
            """{"name":"volumes","actions":"volume.*","irreversible":true,"mode":"shadow","reason":"r"}"""),
        ("POST /guard/policies/{policy}/promote", "/guard/policies/volumes/promote", """{"version":1,"reason":"r"}"""),
        ("POST /guard/decide", "/guard/decide", """{"action":"volume.delete","resource":{"type":"volume","id":"v"}}"""),
        ("POST /guard/overrides", "/guard/overrides", """{"actions":"volume.*","reason":"r","expires_in_seconds":60}"""),
        ("POST /guard/overrides/{id}/end", "/guard/overrides/{id}/end", ""),
        ("PUT /orgs/{org}/mitigations/{id}", "/orgs/acme/mitigations/m",
            """{"kind":"cost_cap","rule":{"limit":"5"},"owner":"ann","reason":"r","expires_in_seconds":60}"""),
        ("DELETE /orgs/{org}/mitigations/{id}", "/orgs/acme/mitigations/m", ""),
        ("PUT /orgs/{org}/alert-rules/{id}", "/orgs/acme/alert-rules/r",
            """{"kind":"threshold","measure":"spend","limit":"5","owner":"ann","reason":"r"}"""),
        ("DELETE /orgs/{org}/alert-rules/{id}", "/orgs/acme/alert-rules/r", ""),
        ("POST /webhooks", "/webhooks", """{"id":"wh","url":"http://127.0.0.1:9/hook"}"""),
        ("POST /webhooks/{id}/rotate", "/webhooks/wh/rotate", "{}"),
        ("POST /webhooks/{id}/test", "/webhooks/wh/test", ""),
        ("POST /webhooks/{id}/remove", "/webhooks/wh/remove", ""),
        ("POST /outbox/replay", "/outbox/replay", ""),
        ("POST /costs/replay-dlq", "/costs/replay-dlq", ""),
        ("POST /tool-calls", "/tool-calls", """[{"id":"t","org":"acme","tool":"search","occurred_at":"2026-03-01T00:00:00Z"}]"""),
        ("POST /usage", "/usage",
            """{"items":[{"id":"u","source":"hand","org":"acme","provider":"openai","model":"gpt-4o","occurred_at":"2026-03-01T00:00:00Z","charge":"1"}]}"""),
    ];

    /// <summary>These change nothing, so they leave no record.</summary>
    private static readonly string[] OnlyAsk = ["POST /envelopes/verify", "POST /orgs/{org}/mitigation-previews"];

    [Fact]
    public async Task U1_every_call_that_may_change_something_leaves_a_record_and_no_commit_of_it_is_without_one()
    {
        await using var world = await ApiWorld.StartAsync(options =>
            options with { EnvelopeSecret = new("thirty-two bytes of a test secret"u8), Webhooks = new() { AllowPrivate = true, AllowHttp = true } });
        await world.ChargeAsync("1");
        await world.ChargeAsync("2", operation: "op-2");
        var id = "";
        foreach (var (endpoint, path, body) in Calls)
        {
            var (before, commit) = ((await AuditAsync(world)).Count, world.Ledger.Health.Commit);
            using var answer =
                await world.SendAsync(new(endpoint.Split(' ')[0]), path.Replace("{id}", id, StringComparison.Ordinal), body.Length == 0 ? null : body);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"{endpoint}: {(int)answer.StatusCode} {text}");
            var records = (await AuditAsync(world)).Take((await AuditAsync(world)).Count - before).ToList();
            Assert.True(records.Count >= 1, $"{endpoint} left no record.");
            Assert.All(records, record => Assert.Equal((endpoint, "admin", "127.0.0.1"), (record.Row.Action, record.Row.Actor.Id, record.Row.Actor.Address)));

            // The commits of the call are as many as its records: none was made without one.
            Assert.True(world.Ledger.Health.Commit - commit <= records.Count || IsSystemWork(endpoint),
                $"{endpoint}: {world.Ledger.Health.Commit - commit} commits, {records.Count} records.");
            using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
            if (json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty("id", out var made)) id = made.GetString()!;
        }
    }

    [Fact]
    public async Task U1_no_endpoint_that_may_change_something_is_forgotten()
    {
        await using var world = await ApiWorld.StartAsync();
        var endpoints = world.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith(ApiPath.Root + "/", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(
                method => $"{method} {endpoint.RoutePattern.RawText![ApiPath.Root.Length..]}"))
            .Where(endpoint => !endpoint.StartsWith("GET ", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(endpoints, Calls.Select(call => call.Endpoint).Concat(AuditedSequenceTests.Endpoints).Concat(OnlyAsk).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task U1_exports_are_recorded_and_reads_are_not()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1");
        var before = (await AuditAsync(world)).Count;
        await world.GetAsync("/orgs/acme/usage");
        Assert.Equal(before, (await AuditAsync(world)).Count);
        using (var export = await world.SendAsync(HttpMethod.Get, "/orgs/acme/usage?format=csv")) Assert.Equal(HttpStatusCode.OK, export.StatusCode);
        Assert.Equal("GET /orgs/{org}/usage", (await AuditAsync(world))[0].Row.Action);
    }

    [Fact]
    public async Task U1_refused_log_ins_are_recorded_without_the_credential_and_above_a_rate_only_counted()
    {
        await using var world = await ApiWorld.StartAsync();
        var before = (await AuditAsync(world)).Count;
        for (var i = 0; i < 60; i++)
        {
            using var refused = await world.SendAsync(HttpMethod.Get, "/orgs", token: "guess-" + i);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        var records = (await AuditAsync(world)).SkipLast(before).ToList();
        Assert.InRange(records.Count, 20, 30);
        Assert.All(records,
            record => Assert.Equal(("refused:unauthorized", "unknown", "none"), (record.Row.Outcome, record.Row.Actor.Id, record.Row.Actor.Role)));
        Assert.DoesNotContain(records, record => record.ToString().Contains("guess", StringComparison.Ordinal));
    }

    [Fact]
    public async Task U1_audit_of_an_org_shows_the_corrections_of_its_findings()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("5");
        var finding = Assert.Single((await world.RunAsync("reconcile", "--json")).Json.GetProperty("findings").EnumerateArray()).GetProperty("id").GetString()!;
        Assert.Equal(0, (await world.RunAsync("correct", finding)).ExitCode);
        var items = (await world.GetAsync("/audit?org=acme")).GetProperty("items")
            .EnumerateArray().Where(item => item.GetProperty("action").GetString() == "POST /findings/{finding}/correct").ToList();
        Assert.Contains(items, item => item.GetProperty("after").GetRawText().Contains("\"kind\":\"correct\"", StringComparison.Ordinal));
    }

    /// <summary>A run opens and ends findings by itself; the call asked for the run.</summary>
    private static bool IsSystemWork(string endpoint) => endpoint is "POST /reconciliations" or "POST /lineage/audit" or "POST /orgs/{org}/adjustments/unfreeze";

    private static async Task<IReadOnlyList<StoredAudit>> AuditAsync(ApiWorld world) =>
        await world.Ledger.Read.AuditAsync(new(null, null, null, null, Before: null, 1_000), TestContext.Current.CancellationToken);
}
