using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Cli;
using Tieout.Cli.Output;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Reconciliation.Lineages;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>The audit of lineages over HTTP and as a command, against a gateway that made the lineages.</summary>
public sealed class LineageAuditApiTests
{
    private const string PlatformSecret = "tk-of-the-platform-itself";

    // Goal: a retry in the executor's own context is found with both sides, stored, corrected to the tenant, and then gone. Method: the worker carries out op-1
    // for acme, then its org's own key goes on with op-1 without the envelope.
    [Fact]
    public async Task A1_R1_a_retry_that_its_executor_paid_for_is_found_kept_and_corrected()
    {
        await using var world = await WorldAsync();
        var token = await world.IssueAsync();
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}");
        await ChatAsync(world, PlatformSecret, "Tieout-Operation: op-1");
        var wrong = Assert.Single(await world.UsageAsync("platform"));

        var audit = await AuditAsync(world, "/lineage/audit");
        var finding = Assert.Single(audit.GetProperty("findings").EnumerateArray());
        Assert.Equal(("retry_rebound", "critical", wrong.Charge.ToString(), "0"),
            (Text(finding, "code"), Text(finding, "severity"), Text(finding, "left"), Text(finding, "right")));
        Assert.Contains("issued for acme", Text(finding, "cause"), StringComparison.Ordinal);
        Assert.Contains("platform was charged", Text(finding, "cause"), StringComparison.Ordinal);
        Assert.Equal((2, 1, "0.5"), (audit.GetProperty("operations").GetInt32(), audit.GetProperty("whole").GetInt32(), audit.GetProperty("share").GetRawText()));
        Assert.Equal((1, 1), (await RunAsync(world, "lineage", "audit"), await RunAsync(world, "lineage", "audit", "--keep")));

        // Only the second of the two commands has stored it.
        var id = Text(finding, "id");
        var kept = Assert.Single(await FindingsAsync(world, "retry_rebound"));
        Assert.Equal((id, "open"), (Text(kept, "id"), Text(kept, "state")));
        var before = (Acme: world.World.Read.Balance("acme")!.Balance, Platform: world.World.Read.Balance("platform")!.Balance);
        var (status, corrected) = await world.ApiAsync($"/findings/{id}/correct", """{"reason":"r"}""");
        Assert.True(status == 200, corrected.ToString());
        Assert.Equal((before.Acme - wrong.Charge, before.Platform + wrong.Charge),
            (world.World.Read.Balance("acme")!.Balance, world.World.Read.Balance("platform")!.Balance));

        audit = await AuditAsync(world, "/lineage/audit");
        Assert.Empty(audit.GetProperty("findings").EnumerateArray());
        Assert.Equal("corrected", Text(Assert.Single(await FindingsAsync(world, "retry_rebound")), "state"));
        Assert.Equal(0, await RunAsync(world, "lineage", "audit", "--keep"));
    }

    // Goal: a client that loses the envelope between two attempts is found, and accepted by a person is no finding any more. Method: two requests of one
    // operation, each without an envelope, so that the gateway issues two.
    [Fact]
    public async Task A1_an_operation_of_two_envelopes_is_a_finding_until_a_person_accepts_it()
    {
        await using var world = await WorldAsync();
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-2");
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-2");

        var (status, audit) = await world.ApiAsync("/lineage/audit", """{"org":"acme"}""");
        Assert.Equal(200, status);
        var finding = Assert.Single(audit.GetProperty("findings").EnumerateArray());
        Assert.Equal(("envelope_reissued", (await world.UsageAsync("acme"))[1].Charge.ToString()), (Text(finding, "code"), Text(finding, "left")));
        Assert.Equal(200, (await world.ApiAsync($"/findings/{Text(finding, "id")}/correct", """{"accept":true,"reason":"the client was fixed"}""")).Status);

        Assert.Empty((await AuditAsync(world, "/lineage/audit?org=acme")).GetProperty("findings").EnumerateArray());
        Assert.Equal(0, (await AuditAsync(world, "/lineage/audit?org=acme")).GetProperty("whole").GetInt32());
    }

    // Keys that are rotated between two attempts change nothing: each row names the key of its envelope.
    [Fact]
    public async Task A1_keys_rotated_amid_an_operation_leave_it_whole()
    {
        await using var world = await WorldAsync();
        var token = await world.IssueAsync();
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}");
        Assert.Equal(201, (await world.ApiAsync("/envelope-keys", "{}")).Status);
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}", "Tieout-Attempt: 2");
        await ChatAsync(world, World.Secret);

        var audit = await AuditAsync(world, "/lineage/audit?org=acme");
        Assert.Equal(("1", 2, 3, 0), (audit.GetProperty("share").GetRawText(), audit.GetProperty("whole").GetInt32(), audit.GetProperty("attempts").GetInt32(),
            audit.GetProperty("unchecked").GetInt32()));
        Assert.Empty(audit.GetProperty("notes").EnumerateArray());
    }

    [Fact]
    public async Task Bad_input_is_one_clear_sentence()
    {
        await using var world = await WorldAsync();
        var empty = await AuditAsync(world, "/lineage/audit?org=beta&from=2026-01-01&to=2026-01-02");
        Assert.Equal(JsonValueKind.Null, empty.GetProperty("share").ValueKind);
        Assert.StartsWith("beta has no operation that began from 2026-01-01", Assert.Single(empty.GetProperty("notes").EnumerateArray()).GetString());

        Assert.Equal((404, 400, 400, 400), ((await world.ApiAsync("/lineage/audit?org=nobody", null)).Status,
            (await world.ApiAsync("/lineage/audit?from=2026-01-02&to=2026-01-01", null)).Status, (await world.ApiAsync("/lineage/audit?from=soon", null)).Status,
            (await world.ApiAsync("/lineage/audit?since=2026-01-01", null)).Status));
        Assert.Equal(2, await RunAsync(world, "lineage", "audit", "--from", "soon"));
    }

    // Goal: an hour that is over is audited once, what it settled is added up, and a later step under another org is found all the same.
    [Fact]
    public async Task A1_A2_Q3_an_hour_is_audited_once_and_again_when_a_later_step_touches_it()
    {
        await using var world = await WorldAsync();
        var token = await world.IssueAsync();
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}");
        await ChatAsync(world, World.Secret);
        var now = DateTimeOffset.UtcNow;
        var hours = world.World.Server.Services.GetRequiredService<LineageHours>();
        Assert.False(await hours.AuditNextAsync(Instant.From(now), TestContext.Current.CancellationToken));
        while (await hours.AuditNextAsync(Instant.From(now.AddHours(4)), TestContext.Current.CancellationToken)) { }
        var settled = await world.World.Read.AllRecordsAsync(RecordKind.LineageHour, "", TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
        Assert.Contains(settled, row => row.Body.Contains("\"operations\":2,\"whole\":2", StringComparison.Ordinal)
            || row.Body.Contains("\"operations\":1,\"whole\":1", StringComparison.Ordinal));
        await SameAsync(world, now, findings: 0);

        await ChatAsync(world, PlatformSecret, "Tieout-Operation: op-1");
        await SameAsync(world, now, findings: 1);
    }

    /// <summary>What is read is what all rows come to.</summary>
    private static async Task SameAsync(EnvelopeWorld world, DateTimeOffset now, int findings)
    {
        var (from, to) = ($"{now.AddHours(-2):yyyy-MM-ddTHH:00:00Z}", $"{now.AddHours(3):yyyy-MM-ddTHH:00:00Z}");
        var read = await AuditAsync(world, $"/lineage/audit?from={from}&to={to}");
        var (status, all) = await world.ApiAsync("/lineage/audit", $$"""{"from":"{{from}}","to":"{{to}}"}""");
        Assert.Equal(200, status);
        Assert.Equal(findings, all.GetProperty("findings").GetArrayLength());
        foreach (var name in (string[])["operations", "whole", "share", "attempts", "hops", "by_others", "unchecked", "orgs", "findings", "sample"])
        {
            Assert.Equal($"{name} {all.GetProperty(name).GetRawText()}", $"{name} {read.GetProperty(name).GetRawText()}");
        }
    }

    private static async Task<EnvelopeWorld> WorldAsync()
    {
        var world = await EnvelopeWorld.StartAsync();
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(PlatformSecret)));
        var key = new ApiKey("key-p", "platform", null, null, null, hash, false, DateTimeOffset.UnixEpoch) { Terms = World.AllScopes };
        await world.World.DoAsync(new Command.Record(SettingKind.Key, "platform", key.Id, key.ToJson(), Once: false));
        return world;
    }

    private static async Task ChatAsync(EnvelopeWorld world, string secret, params string[] headers)
    {
        using var response = await world.ChatAsync(secret, headers);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
    }

    private static async Task<JsonElement> AuditAsync(EnvelopeWorld world, string path)
    {
        var (status, audit) = await world.ApiAsync(path, body: null);
        Assert.True(status == 200, audit.ToString());
        return audit;
    }

    private static async Task<List<JsonElement>> FindingsAsync(EnvelopeWorld world, string code) =>
        [.. (await world.ApiAsync($"/findings?code={code}", body: null)).Body.GetProperty("items").EnumerateArray()];

    private static Task<int> RunAsync(EnvelopeWorld world, params string[] args) => CommandLine.RunAsync(
        [.. args, "--server", world.World.Http.BaseAddress!.ToString(), "--token", EnvelopeWorld.Admin],
        new Shell(new StringWriter(), new StringWriter(), _ => null, IsTerminal: false),
        TestContext.Current.CancellationToken);

    private static string Text(JsonElement body, string name) => body.GetProperty(name).GetString()!;
}
