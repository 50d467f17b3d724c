using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Server.Tests.Attribution;

/// <summary>What happened to an envelope is on record: every attempt, by whom, in one chain (A1).</summary>
public sealed class LineageTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A1_every_attempt_is_a_step_of_its_envelope_with_who_carried_it_out()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        (await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}")).Dispose();
        (await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}")).Dispose();

        var operation = await OperationAsync(world, "op-1");
        var lineage = Assert.Single(operation.GetProperty("lineage").EnumerateArray());
        Assert.True(lineage.GetProperty("intact").GetBoolean());
        var steps = lineage.GetProperty("steps").EnumerateArray().ToList();
        Assert.Equal(
            [(1, "attempt", 1, "key-1", "sim/gpt-4o"), (2, "attempt", 2, "worker-7", "sim/gpt-4o")],
            steps.Select(step => (Number(step, "no"), Text(step, "kind"), Number(step, "attempt_no"), Text(step, "executor"), Text(step, "target"))));
        Assert.Equal(operation.GetProperty("attempts").EnumerateArray().Select(attempt => Text(attempt, "id")), steps.Select(step => Text(step, "id")));
    }

    [Fact]
    public async Task A1_an_issued_envelope_has_its_lineage_too()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        using var response = await world.ChatAsync(World.Secret);
        var token = response.Headers.GetValues(Envelope.Header).Single();
        var operation = response.Headers.GetValues("Tieout-Operation").Single();

        var entry = Assert.Single(await world.World.Read.LineageAsync("acme", operation, Stop));
        var ring = new KeyRing(world.World.Read.Settings.Where(row => row.Kind == SettingKind.EnvelopeKey).Select(row => EnvelopeKey.Parse(row.Body)),
            EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText));
        Assert.Null(Lineage.Check(ring.Find(entry.KeyId)!.Lineage, entry.Row.Issuance, token, [entry.Row]));
    }

    // Goal: attempts of one envelope at once must not cost one another their place. Method: 30 at once; each is charged, all are one chain.
    [Fact]
    public async Task A1_attempts_at_once_under_one_envelope_all_succeed_in_one_chain()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        var statuses = await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            using var response = await world.ChatAsync(i % 2 == 0 ? World.Secret : EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}");
            return (int)response.StatusCode;
        }));

        Assert.All(statuses, status => Assert.Equal(200, status));
        Assert.Equal(30, (await world.UsageAsync("acme")).Count);
        var lineage = Assert.Single((await OperationAsync(world, "op-1")).GetProperty("lineage").EnumerateArray());
        Assert.True(lineage.GetProperty("intact").GetBoolean());
        Assert.Equal(Enumerable.Range(1, 30), lineage.GetProperty("steps").EnumerateArray().Select(step => Number(step, "no")));
    }

    // Goal: what this server believes the last link to be is not what is stored. Method: another server's step is put into the ledger behind its back; then a
    // restart.
    [Fact]
    public async Task A1_a_step_of_another_server_in_between_is_linked_to_and_so_is_one_from_before_a_restart()
    {
        var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        (await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}")).Dispose();
        var first = Assert.Single(await world.World.Read.LineageAsync("acme", "op-1", Stop));
        var key = EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText).Lineage(first.KeyId);
        var now = Instant.From(DateTimeOffset.UtcNow);
        var id = new AttemptId(Guid.CreateVersion7());
        var step = Lineage.Append(key, first.Row.Issuance, first.Row.Link, 2, new(LineageKind.Attempt, id.ToString(), 2, "key-1", "elsewhere/m", now));
        var labels = (await world.UsageAsync("acme"))[0].Usage.Labels;
        await world.World.DoAsync(new Command.PlaceHold(
            id, labels, null, "op-1", Amount.Zero, TimeSpan.FromHours(1))
        { Lineage = new(first.Row.Link, first.KeyId, first.TokenSha256, step) });

        using (var third = await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}")) Assert.Equal(200, (int)third.StatusCode);
        world = new() { World = await world.World.RestartedAsync() };
        using (var fourth = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}")) Assert.Equal(200, (int)fourth.StatusCode);

        var lineage = Assert.Single((await OperationAsync(world, "op-1")).GetProperty("lineage").EnumerateArray());
        Assert.True(lineage.GetProperty("intact").GetBoolean());
        Assert.Equal(["key-1", "key-1", "key-1", "worker-7"], lineage.GetProperty("steps").EnumerateArray().Select(one => Text(one, "executor")));
        await world.World.DoAsync(new Command.Release(id));
        await world.DisposeAsync();
    }

    [Fact]
    public async Task A1_a_hop_is_a_step_of_the_envelope_once_for_each_id_and_by_those_only_who_may_act_for_the_tenant()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        (await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}")).Dispose();

        Assert.Equal((int[])[201, 200, 201],
            (int[])[await HopAsync("m-1", EnvelopeWorld.WorkerSecret), await HopAsync("m-1", EnvelopeWorld.WorkerSecret),
                await HopAsync("m-2", EnvelopeWorld.Admin)]);
        (await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}")).Dispose();
        Assert.Equal((int[])[403, 403, 400],
            (int[])[await HopAsync("m-3", EnvelopeWorld.BetaSecret), await HopAsync("m-4", World.Secret, EnvelopeWorld.Rewritten(token, "acme", "beta")),
                await HopAsync("a message", World.Secret)]);

        var lineage = Assert.Single((await OperationAsync(world, "op-1")).GetProperty("lineage").EnumerateArray());
        Assert.True(lineage.GetProperty("intact").GetBoolean());
        Assert.Equal(
            [("attempt", "key-1"), ("hop", "worker-7"), ("hop", "admin"), ("attempt", "worker-7")],
            lineage.GetProperty("steps").EnumerateArray().Select(step => (Text(step, "kind"), Text(step, "executor"))));
        Assert.Equal(
            0, SqliteVerification.Run(world.World.Folder.FullName, EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText)).Checks.Sum(check => check.Broken));

        async Task<int> HopAsync(string id, string key, string? envelope = null) =>
            (await world.ApiAsync("/envelopes/hops", $$"""{"envelope":"{{envelope ?? token}}","id":"{{id}}","target":"import-queue"}""", key)).Status;
    }

    // The same lines under the same envelope again are further attempts of the same operations: linked behind what is stored.
    [Fact]
    public async Task A1_each_line_of_a_batch_is_a_step_of_the_envelope_in_its_own_operation()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        var file = await world.World.FileAsync(BatchesWorld.Line("first"), BatchesWorld.Line("second"));
        for (var i = 0; i < 2; i++) await world.World.EndedAsync(await world.World.BatchAsync(file, $"Tieout-Envelope: {token}"));

        foreach (var line in (string[])["op-1:first", "op-1:second"])
        {
            var operation = await OperationAsync(world, line);
            var lineage = Assert.Single(operation.GetProperty("lineage").EnumerateArray());
            Assert.True(lineage.GetProperty("intact").GetBoolean());
            Assert.Equal(operation.GetProperty("attempts").EnumerateArray().Select(attempt => Text(attempt, "id")),
                lineage.GetProperty("steps").EnumerateArray().Select(step => Text(step, "id")));
            Assert.Equal(2, lineage.GetProperty("steps").GetArrayLength());
        }
    }

    [Fact]
    public async Task Attempts_that_reached_nobody_bear_their_number()
    {
        await using var world = await World.StartAsync(change: options => options with
        {
            AdminToken = EnvelopeWorld.Admin,
            EnvelopeSecret = EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText),
            Providers = [.. options.Providers, options.Providers[0] with { Name = "gone", BaseUrl = new Uri("http://127.0.0.1:9/v1") }],
            Models = [new("gpt-4o", [new("gone", "gpt-4o", Priority: 0), new("sim", "gpt-4o", Priority: 1)])],
        });
        using var response = await world.ChatAsync(World.Hello, "Tieout-Operation: op-7");
        Assert.Equal(200, (int)response.StatusCode);

        var attempts = (await OperationAsync(new() { World = world }, "op-7")).GetProperty("attempts").EnumerateArray()
            .Select(attempt => (Text(attempt, "provider"), Number(attempt, "attempt_no"), Text(attempt.GetProperty("hold"), "state"))).ToList();
        Assert.Equal(("sim", attempts.Count, "settled"), attempts[^1]);
        Assert.True(attempts.Count > 1);
        Assert.All(attempts.SkipLast(1).Index(), one => Assert.Equal(("gone", one.Index + 1, "released"), one.Item));
    }

    [Fact]
    public async Task L8_A1_verify_checks_the_links_where_the_secret_is_at_hand()
    {
        var world = await EnvelopeWorld.StartAsync();
        var folder = world.World.Folder.FullName;
        var token = await world.IssueAsync();
        for (var i = 0; i < 3; i++) (await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}")).Dispose();

        var links = SqliteVerification.Run(folder, EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText)).Checks.Single(check => check.Id == "A1");
        var numbers = SqliteVerification.Run(folder).Checks.Single(check => check.Id == "A1");
        Assert.Equal((7, 0), (links.Checked, links.Broken));
        Assert.Equal((6, 0), (numbers.Checked, numbers.Broken));
        await world.DisposeAsync();
    }

    [Fact]
    public void A_step_that_was_changed_or_taken_out_is_named()
    {
        var (secret, token) = (EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText), "a.b.c");
        var ring = new KeyRing([new("ek_1", EnvelopeKey.Hs256, EnvelopeKeyState.VerifyOnly, secret.Check("ek_1"), default)], secret);
        var entries = new List<LineageEntry>();
        var link = Lineage.Root(secret.Lineage("ek_1"), "i-1", token);
        for (var no = 1; no <= 3; no++)
        {
            var row = Lineage.Append(secret.Lineage("ek_1"), "i-1", link, no, new(LineageKind.Attempt, $"a{no}", no, "k", "p/m", new(no)));
            entries.Add(new(no, "acme", "op", "ek_1", Lineage.HashOf(token), row, 0));
            link = row.Link;
        }

        var forged = entries[1] with { Row = entries[1].Row with { Step = entries[1].Row.Step with { Executor = "someone" } } };
        Assert.True(Of(entries).Intact);
        Assert.Equal((false, new LineageBreakBody(2, "changed")), (Of([entries[0], forged, entries[2]]).Intact, Of([entries[0], forged, entries[2]]).Broken));
        Assert.Equal(new LineageBreakBody(2, "missing"), Of([entries[0], entries[2]]).Broken);
        Assert.Equal(new LineageBreakBody(3, "changed"), Of([entries[0], entries[1], entries[2] with { TokenSha256 = new byte[32] }]).Broken);
        Assert.Null(LineageBody.From(entries, new KeyRing([], null))[0].Intact);

        LineageBody Of(IReadOnlyList<LineageEntry> rows) => Assert.Single(LineageBody.From(rows, ring));
    }

    private static async Task<JsonElement> OperationAsync(EnvelopeWorld world, string id)
    {
        var (status, body) = await world.ApiAsync($"/operations/{id}", null);
        Assert.Equal(200, status);
        return body;
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static int Number(JsonElement json, string name) => json.GetProperty(name).GetInt32();
}
