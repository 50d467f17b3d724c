using System.Text.Json;
using Tieout.Core.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Attribution;

/// <summary>Who pays for what comes through the gateway.</summary>
public sealed class GatewayIdentityTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_an_envelope_one_is_issued_from_the_key()
    {
        await using var world = await EnvelopeWorld.StartAsync();

        using var response = await world.ChatAsync(World.Secret, "Tieout-Operation: op-9", "Tieout-Workflow: nightly", "Tieout-User: jane");

        var (_, verdict) = await world.ApiAsync("/envelopes/verify", $$"""{"envelope":"{{Header(response)}}"}""");
        var claims = verdict.GetProperty("claims");
        Assert.Equal("valid", verdict.GetProperty("verdict").GetString());
        Assert.Equal(("acme", "acme", "jane", "nightly", "op-9"),
            (Text(claims, "org_id"), Text(claims, "tenant_id"), Text(claims, "originator_id"), Text(claims, "workflow_id"), Text(claims, "operation_id")));
    }

    [Fact]
    public async Task A1_the_envelope_that_came_is_the_one_that_goes_on_and_never_goes_to_the_provider()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();

        using var first = await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}");
        using var second = await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}", "Tieout-Attempt: 2", "X-Sim-Completion-Tokens: 3");

        Assert.Equal((token, token), (Header(first), Header(second)));
        var usage = await world.UsageAsync("acme");
        Assert.Equal([("op-1", 1, "wf-1"), ("op-1", 2, "wf-1")], usage.Select(row => (row.Usage.OperationId, row.Usage.AttemptNo, row.Usage.WorkflowId!)));
        Assert.Equal("retry", usage[1].Usage.Labels.Trigger);
        Assert.DoesNotContain(world.World.Bill.Calls(), call => call.Headers.ContainsKey(Envelope.Header));
    }

    [Fact]
    public async Task A2_a_workers_spending_is_the_tenants_and_the_key_is_still_named()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();

        using var response = await world.ChatAsync(
            EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}", "Tieout-Operation: op-of-the-worker", "Tieout-Workflow: wf-of-the-worker");

        Assert.Equal(200, (int)response.StatusCode);
        var row = Assert.Single(await world.UsageAsync("acme"));
        Assert.Equal(("op-1", "wf-1"), (row.Usage.OperationId, row.Usage.WorkflowId));
        Assert.Equal(("acme", "worker-7", null), (row.Usage.Labels.Org, row.Usage.Labels.Key, row.Usage.Labels.Team));
        Assert.True(row.Charge > Core.Money.Amount.Zero);
        Assert.Empty(await world.UsageAsync("platform"));
        Assert.Equal(Core.Money.Amount.Parse("1000"), world.World.Read.Balance("platform")!.Balance);
    }

    // The table again, through the whole server: what the client is told, that nothing was spent, and what was found.
    [Fact]
    public async Task A2_rewritten_replayed_expired_foreign_unsigned_and_resigned_envelopes_spend_nothing()
    {
        var time = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(time);
        var token = await world.IssueAsync();
        var beta = await world.IssueAsync("""{"operation_id":"op-b"}""", EnvelopeWorld.BetaSecret);
        var parts = token.Split('.');
        var foreignKey = new KeyRing([new("ek_x", EnvelopeKey.Hs256, EnvelopeKeyState.Active, new EnvelopeSecret(new byte[32]).Check("ek_x"),
            DateTimeOffset.UtcNow)], new EnvelopeSecret(new byte[32]));
        var now = Core.Instant.From(DateTimeOffset.UtcNow);
        var second = new Core.Instant(now.UnixMicros / 1_000_000 * 1_000_000);
        var resigned = EnvelopeToken.Sign(new("acme", "o", "w", "p", "i", null, "tieout", second, second + TimeSpan.FromHours(1)), foreignKey.Active!);
        var table = new (string What, string Secret, string[] Headers, string Code)[]
        {
            ("none, worker", EnvelopeWorld.WorkerSecret, [], "envelope_required"),
            ("rewritten", EnvelopeWorld.WorkerSecret, [$"Tieout-Envelope: {EnvelopeWorld.Rewritten(beta, "beta", "acme")}"], "envelope_refused"),
            ("rewritten beside it", EnvelopeWorld.WorkerSecret, [$"Tieout-Envelope: {token}", "Tieout-Org: beta"], "identity_rebind"),
            ("replayed by another tenant", EnvelopeWorld.BetaSecret, [$"Tieout-Envelope: {token}"], "identity_rebind"),
            ("foreign to the worker", EnvelopeWorld.WorkerSecret, [$"Tieout-Envelope: {beta}"], "identity_rebind"),
            ("unsigned", EnvelopeWorld.WorkerSecret, [$"Tieout-Envelope: {parts[0]}.{parts[1]}."], "envelope_refused"),
            ("re-signed", EnvelopeWorld.WorkerSecret, [$"Tieout-Envelope: {resigned}"], "envelope_refused"),
            ("two of them", EnvelopeWorld.WorkerSecret, [$"Tieout-Envelope: {token}", $"Tieout-Envelope: {token}"], "envelope_refused"),
            ("empty", World.Secret, ["Tieout-Envelope: "], "envelope_refused"),
        };

        foreach (var row in table)
        {
            using var response = await world.ChatAsync(row.Secret, row.Headers);
            Assert.Equal((row.What, 403, row.Code), (row.What, (int)response.StatusCode, Text((await World.JsonAsync(response)).GetProperty("error"), "code")));
        }

        // Expired: no right for the worker, still the tenant's for the tenant's own key.
        time.Ahead = TimeSpan.FromDays(2);
        using var expired = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}");
        Assert.Equal("envelope_expired", Text((await World.JsonAsync(expired)).GetProperty("error"), "code"));
        Assert.Empty(world.World.Bill.Calls());
        Assert.Empty(world.World.Read.OpenHolds(null));
        using var attributed = await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}");
        Assert.Equal((200, token), ((int)attributed.StatusCode, Header(attributed)));
        Assert.Equal("op-1", Assert.Single(await world.UsageAsync("acme")).Usage.OperationId);

        await World.SoonAsync(async () => (await world.World.Read.FindingsAsync(null, 100, Stop)).Count >= 6, "six findings");
        var findings = await world.World.Read.FindingsAsync(null, 100, Stop);
        Assert.All(findings, finding => Assert.Equal(("identity_rebind", "high"), (finding.Code.Name, finding.Code.Severity)));
        Assert.Equal(
            ["key_unknown platform", "signature_wrong platform", "tenant_foreign acme", "tenant_foreign beta", "tenant_rewritten acme", "unsigned platform"],
            findings.Select(finding => $"{Text(JsonDocument.Parse(finding.Detail).RootElement, "cause")} {finding.Org}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_flood_of_forgeries_is_one_finding()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        var before = world.World.Read.AsOf;

        for (var i = 0; i < 30; i++)
        {
            using var response = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {EnvelopeWorld.Rewritten(token, "acme", $"org-{i}")}");
            Assert.Equal(403, (int)response.StatusCode);
        }

        await World.SoonAsync(async () => (await world.World.Read.FindingsAsync(null, 100, Stop)).Count > 0, "a finding");
        await Task.Delay(100, Stop);
        Assert.Single(await world.World.Read.FindingsAsync(null, 100, Stop));
        Assert.Equal(before + 1, world.World.Read.AsOf);
    }

    [Fact]
    public async Task A_revoked_key_stops_what_it_issued_at_once_and_rotation_does_not()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        var (_, keys) = await world.ApiAsync("/envelope-keys", null);
        var first = Text(Assert.Single(keys.GetProperty("items").EnumerateArray()), "id");

        await world.ApiAsync("/envelope-keys", """{"id":"ek_next"}""");
        using var rotated = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}");
        await world.ApiAsync($"/envelope-keys/{first}/state", """{"state":"revoked"}""");
        using var revoked = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}");
        using var renewed = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {await world.IssueAsync()}");

        Assert.Equal((200, 403, 200), ((int)rotated.StatusCode, (int)revoked.StatusCode, (int)renewed.StatusCode));
        Assert.Equal("envelope_revoked", Text((await World.JsonAsync(revoked)).GetProperty("error"), "code"));
        await World.SoonAsync(
            async () => (await world.World.Read.FindingsAsync("platform", 1, Stop)) is [{ Code.Name: "identity_quarantined" }], "a quarantine");
    }

    [Fact]
    public async Task Without_a_secret_nothing_is_issued_and_nothing_believed()
    {
        await using var world = await World.StartAsync();

        using var plain = await world.ChatAsync(World.Hello);
        using var refused = await world.ChatAsync(World.Hello, "Tieout-Envelope: a.b.c");

        Assert.Equal((200, 403), ((int)plain.StatusCode, (int)refused.StatusCode));
        Assert.False(plain.Headers.Contains(Envelope.Header));
    }

    private static string Header(HttpResponseMessage response) => response.Headers.GetValues(Envelope.Header).Single();

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
