using System.Text.Json;
using System.Text.Json.Nodes;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Ingest;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Triage;

/// <summary>The review packet, opened as an outsider opens it: evidence of each question, a proof that can be computed, and nothing of anybody else.</summary>
public sealed class PacketTests
{
    private const string Contract = """{"contract":{"name":"join","version":"1.0.0","on_violation":"charge","keys":[{"name":"operation_id","type":"name"}],"segmentation":["team or key"]},"reason":"r"}""";
    private const string Strict = """{"contract":{"name":"join","version":"2.0.0","on_violation":"charge","keys":[{"name":"operation_id","type":"name"}],"segmentation":["team or key","feature"]},"reason":"r"}""";
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: from the packet alone an outsider sees who was charged what, by which operation, and that boundary, identity and join hold. Method: two attempts
    // under one envelope, a guard that was asked, an override, a contract; every file is read.
    [Fact]
    public async Task Every_question_has_its_evidence()
    {
        await using var world = await DefendedAsync();
        var usage = await world.UsageAsync("acme");

        var packet = await PacketAsync(world, "/packets?dispute=op-1");

        Assert.Equal(packet.Order.Order(StringComparer.Ordinal), packet.Order);
        packet.AssertSums();
        var verdict = packet.Json("verdict.json");
        Assert.True(verdict.GetProperty("first_break").ValueKind is JsonValueKind.Null, verdict.ToString());
        Assert.Equal(["pass", "pass", "pass"], verdict.GetProperty("steps").EnumerateArray().Select(step => Text(step, "verdict")));

        var dispute = packet.Json("dispute.json");
        Assert.Equal(("op-1", "operation_id", "acme", "USD", 0), (Text(dispute, "dispute"), Text(dispute, "found_as"), Text(dispute, "org"), Text(dispute, "asset"),
            dispute.GetProperty("left_out").GetInt32()));
        Assert.Equal((usage[0].Charge + usage[1].Charge).ToString(), Text(dispute, "charged"));
        Assert.Equal(usage.Select(row => row.Usage.Id.ToString()), dispute.GetProperty("attempts").EnumerateArray().Select(attempt => Text(attempt, "usage_id")));
        Assert.All(dispute.GetProperty("attempts").EnumerateArray(), attempt =>
        {
            Assert.Equal("settled", Text(attempt.GetProperty("hold"), "state"));
            Assert.Equal(("charge", "customer", "revenue"), (Text(attempt.GetProperty("postings")[0], "kind"),
                Text(attempt.GetProperty("postings")[0], "debit"), Text(attempt.GetProperty("postings")[0], "credit")));
            Assert.NotEmpty(Text(attempt.GetProperty("price"), "list"));
        });

        var policies = packet.Json("policies.json");
        Assert.Equal(("volumes", 1), (Text(policies.GetProperty("policies")[0], "name"), policies.GetProperty("policies")[0].GetProperty("version").GetInt32()));
        Assert.Equal("a broken disk", Text(Assert.Single(policies.GetProperty("overrides").EnumerateArray()), "reason"));
        Assert.Equal("op-1", Text(Assert.Single(policies.GetProperty("decisions").EnumerateArray()), "operation_id"));
        Assert.Equal("join", Text(policies.GetProperty("contracts")[0].GetProperty("contract"), "name"));

        var envelope = Assert.Single(packet.Json("envelopes.json").GetProperty("envelopes").EnumerateArray());
        Assert.Equal(("op-1", "active", true), (Text(envelope, "operation_id"), Text(envelope, "key_state"), envelope.GetProperty("one_text").GetBoolean()));
        Assert.Equal(64, Text(envelope, "token_sha256").Length);
        Assert.True(envelope.GetProperty("lineage").GetProperty("intact").GetBoolean());
        Assert.Equal(2, envelope.GetProperty("lineage").GetProperty("steps").GetArrayLength());

        var page = packet.Text("README.txt");
        foreach (var said in (string[])[$"acme was charged {usage[0].Charge + usage[1].Charge} USD for 2 attempts of the operation op-1 of the workflow wf-1",
            "YES.", "P1 PASS", "P2 PASS", "P3 PASS", usage[0].Usage.Id.ToString(), "sha256sum -c SHA256SUMS"])
        {
            Assert.Contains(said, PacketFiles.OneLine(page), StringComparison.Ordinal);
        }

        Assert.All(page.Split('\n'), line => Assert.True(line.Length <= 130, line));
    }

    // Goal: issuance, expiry and claims of an envelope that the gateway issued. Method: the claims of the envelope that came back in the answer. Of an envelope
    // with claims that no row has, the packet says that it has the hash alone.
    [Fact]
    public async Task A1_claims_of_an_envelope_are_known_by_the_hash_of_its_text()
    {
        await using var world = await DefendedAsync();
        using var response = await world.ChatAsync(World.Secret, "Tieout-Operation: op-4", "Tieout-User: jane", "Tieout-Workflow: wf-2");
        var text = response.Headers.GetValues("Tieout-Envelope").Single();
        await response.Content.ReadAsStringAsync(Stop);

        var packet = await PacketAsync(world, "/packets?dispute=op-4");

        var envelope = Assert.Single(packet.Json("envelopes.json").GetProperty("envelopes").EnumerateArray());
        var claims = envelope.GetProperty("claims");
        var own = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(text.Split('.')[1])).RootElement;
        foreach (var name in (string[])["tenant_id", "originator_id", "workflow_id", "operation_id", "issuance_id"]) Assert.Equal(Text(own, name), Text(claims, name));
        foreach (var name in (string[])["iat", "exp"])
        {
            var said = DateTimeOffset.Parse(Text(claims, name), System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(own.GetProperty(name).GetInt64(), said.ToUnixTimeSeconds());
        }

        Assert.DoesNotContain(text.Split('.')[2], packet.All, StringComparison.Ordinal);
        envelope = (await PacketAsync(world, "/packets?dispute=op-1")).Json("envelopes.json").GetProperty("envelopes")[0];
        Assert.Equal(JsonValueKind.Null, envelope.GetProperty("claims").ValueKind);
        Assert.StartsWith("The ledger keeps the hash", Text(envelope, "claims_proved"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trace_is_what_our_own_reader_takes_and_the_slice_sums_to_the_charge()
    {
        await using var world = await DefendedAsync();
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-3", "Tieout-Workflow: wf-1", $"traceparent: 00-{Trace}-00f067aa0ba902b7-01");
        var usage = await world.UsageAsync("acme");

        var packet = await PacketAsync(world, "/orgs/acme/packets?dispute=op-1");

        var items = OtlpTraces.Read(packet.Bytes("trace.json"));
        Assert.Equal(
            usage.Where(row => row.Usage.WorkflowId == "wf-1")
                .Select(row => (row.Usage.OperationId, row.Usage.AttemptNo, (long?)row.Usage.Counts.InputTokens)).Order(),
            items.Select(item => (item.OperationId!, item.AttemptNo, item.InputTokens)).Order());
        Assert.All(items, item => Assert.Null(item.Refusal));
        Assert.Contains(items, item => item.TraceId == Trace);
        var spans = packet.Json("trace.json").GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans").EnumerateArray().ToList();
        Assert.All(spans, span =>
        {
            Assert.Matches("^[0-9a-f]{32}$", Text(span, "traceId"));
            Assert.Matches("^[0-9a-f]{16}$", Text(span, "spanId"));
            Assert.Matches("^[0-9]{19}$", Text(span, "startTimeUnixNano"));
        });
        Assert.Equal(spans.Count, spans.Select(span => Text(span, "spanId")).Distinct().Count());

        var rows = CsvText.Table(packet.Text("billing.csv")).Rows;
        Assert.All(rows, row => Assert.Equal("acme", row["BillingAccountId"]));
        foreach (var disputed in usage.Where(row => row.Usage.OperationId == "op-1"))
        {
            Assert.Equal($"{disputed.Charge}", Assert.Single(rows, row => row["x_UsageId"] == disputed.Usage.Id.ToString())["BilledCost"]);
        }
    }

    // Goal: the written instructions suffice, and a changed figure is seen. Method: an implementation of them that shares no code with the product; then each
    // figure of a shown row is changed in turn.
    [Fact]
    public async Task L8_the_chain_is_computed_again_by_the_instructions_and_a_changed_figure_is_seen()
    {
        await using var world = await DefendedAsync();
        var packet = await PacketAsync(world, "/packets?dispute=op-1");
        var charge = (await world.UsageAsync("acme"))[0].Charge.Nanos.ToString(System.Globalization.CultureInfo.InvariantCulture);

        var commits = packet.Commits.Select(packet.Json).ToList();
        Assert.All(commits, commit => Assert.Null(PacketFiles.Flaw(commit)));
        var complete = commits.Where(commit => commit.GetProperty("complete").GetBoolean()).ToList();
        var tables = complete.SelectMany(commit => commit.GetProperty("rows").EnumerateArray()).Select(row => Text(row, "table")).ToHashSet();
        Assert.Superset(new HashSet<string>(["usage", "postings", "holds", "hold_ends", "lineage"]), tables);

        var changed = 0;
        foreach (var commit in complete)
        {
            for (var row = 0; row < commit.GetProperty("rows").GetArrayLength(); row++)
            {
                for (var field = 0; field < commit.GetProperty("rows")[row].GetProperty("fields").GetArrayLength(); field++)
                {
                    var copy = JsonNode.Parse(commit.GetRawText())!;
                    var target = copy["rows"]![row]!["fields"]![field]!;
                    if (target["value"]?.GetValue<string>() != charge) continue;
                    target["value"] = "1";
                    Assert.NotNull(PacketFiles.Flaw(JsonSerializer.SerializeToElement(copy)));

                    // Also where whoever changed it made the row's own hash anew.
                    copy["rows"]![row]!["sha256"] = "";
                    Assert.NotNull(PacketFiles.Flaw(JsonSerializer.SerializeToElement(copy)));
                    changed++;
                }
            }
        }

        Assert.True(changed >= 3, $"Only {changed} figures were changed.");
        foreach (var word in (string[])["SHA-256", "previous_hash", "recorded_at_micros", "little-endian", "optional_uuid", "nano-units"])
        {
            Assert.Contains(word, packet.Text("chain/HOW-TO-CHECK.txt"), StringComparison.Ordinal);
        }
    }

    // Goal: no secret and nothing of another tenant leaves with a packet. Method: a commit that has rows of two tenants, a correction whose reason names the
    // other, an override and a decision of the other; the whole zip is searched.
    [Fact]
    public async Task Nothing_of_another_tenant_and_no_secret_is_in_it()
    {
        await using var world = await DefendedAsync();
        var envelope = await world.IssueAsync("""{"originator_id":"user:jim","workflow_id":"wf-9","operation_id":"op-9"}""");
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {envelope}");
        await ChatAsync(world, EnvelopeWorld.BetaSecret, "Tieout-Operation: op-of-beta", "Tieout-Workflow: wf-9");
        var (status, webhook) = await world.ApiAsync("/webhooks", """{"url":"https://hooks.example.com/h"}""");
        Assert.True(status == 201, webhook.ToString());
        await PostAsync(world, "/guard/overrides", """{"actions":"volume.*","org":"beta","reason":"a broken rack","expires_in_seconds":600}""");
        await PostAsync(world, "/guard/decide", """{"action":"volume.delete","resource":{"type":"volume","id":"disk-of-beta","owner_org":"beta"}}""");
        await SharedCommitAsync(world);
        var posting = await PostingAsync(world, "op-9");
        await PostAsync(world, "/orgs/acme/corrections", $$"""{"id":"c1","posting":{{posting}},"reason":"meant for beta, not for platform."}""");

        var theirs = (await world.UsageAsync("beta")).Select(row => row.Usage.Id.ToString()).ToList();
        foreach (var dispute in (string[])["op-9", "op-shared"])
        {
            var packet = await PacketAsync(world, $"/orgs/acme/packets?dispute={dispute}");
            var all = packet.All;
            foreach (var secret in (string[])[World.Secret, World.ProviderKey, EnvelopeWorld.Admin, EnvelopeWorld.BetaSecret, EnvelopeWorld.WorkerSecret,
                EnvelopeWorld.SecretText, envelope, envelope.Split('.')[2], envelope.Split('.')[1], Text(webhook, "secret"), "Hello"])
            {
                Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
            }

            foreach (var other in (string[])["beta", "key-beta", "disk-of-beta", "a broken rack"]) Assert.DoesNotContain(other, all, StringComparison.Ordinal);
            Assert.All(theirs, id => Assert.DoesNotContain(id, all, StringComparison.Ordinal));
            Assert.All(packet.Commits.Select(packet.Json), commit => Assert.Null(PacketFiles.Flaw(commit)));
        }

        var corrected = await PacketAsync(world, "/orgs/acme/packets?dispute=op-9");
        Assert.Contains("meant for [another tenant], not for [another tenant].", corrected.Text("dispute.json"), StringComparison.Ordinal);
        Assert.Contains("Corrected: -", corrected.Text("README.txt"), StringComparison.Ordinal);
        Assert.Equal("0", Text(corrected.Json("dispute.json"), "charged"));

        // The commit of both has the hashes of the other's rows, and says so.
        var shared = await PacketAsync(world, "/orgs/acme/packets?dispute=op-shared");
        var mixed = shared.Commits.Select(shared.Json).First(commit => !commit.GetProperty("complete").GetBoolean());
        Assert.Contains(mixed.GetProperty("rows").EnumerateArray(), row => row.GetProperty("fields").ValueKind is JsonValueKind.Null
            && Text(row, "table") == "hidden" && Text(row, "sha256").Length == 64 && row.GetProperty("tag").ValueKind is JsonValueKind.Null);
        Assert.Contains("of which only the hash is here", PacketFiles.OneLine(shared.Text("README.txt")), StringComparison.Ordinal);
    }

    // Goal: P1, P2 and P3 are each the first break where they are. Method: one world, broken in the opposite order of the questions.
    [Fact]
    public async Task The_first_break_of_the_dispute_is_named()
    {
        await using var world = await DefendedAsync();
        await PostAsync(world, "/contracts", Strict);
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-5");
        Assert.Equal("P3", await BreakAsync(world, "op-5"));
        var breach = (await PacketAsync(world, "/packets?dispute=op-5")).Json("policies.json").GetProperty("breaches")[0];
        Assert.Equal(("join", "2.0.0", "it lacks feature"), (Text(breach, "contract"), Text(breach, "version"), Text(breach, "why")));

        // A client loses its envelope between two attempts.
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-5");
        Assert.Equal("P2", await BreakAsync(world, "op-5"));
        var packet = await PacketAsync(world, "/packets?dispute=op-5");
        Assert.Equal("envelope_reissued", Text(Assert.Single(packet.Json("envelopes.json").GetProperty("findings").EnumerateArray()), "code"));
        Assert.Contains("First break: P2, identity propagation", packet.Text("README.txt"), StringComparison.Ordinal);

        // What was right then stays right, whatever was set and broken since.
        Assert.Null(await BreakAsync(world, "op-1"));

        // A policy in shadow mode that nobody asks about.
        await PostAsync(world, "/guard/policies", """{"name":"clusters","actions":"cluster.*","irreversible":false,"mode":"shadow","reason":"r"}""");
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-6", "Tieout-Feature: search");
        Assert.Equal("P1", await BreakAsync(world, "op-6"));
        Assert.Null(await BreakAsync(world, "op-1"));
    }

    [Fact]
    public async Task Two_packets_of_a_dispute_are_the_same_bytes()
    {
        await using var world = await DefendedAsync();
        var first = await ZipAsync(world, "/packets?dispute=op-1");
        await ChatAsync(world, EnvelopeWorld.BetaSecret);

        Assert.Equal(Convert.ToHexString(first), Convert.ToHexString(await ZipAsync(world, "/orgs/acme/packets?dispute=op-1")));
        Assert.Equal(new DateTime(1980, 1, 1), Assert.Single(new PacketFiles(first).Times));
    }

    /// <summary>op-1 of acme with two attempts under one envelope, all three questions answered well.</summary>
    private static async Task<EnvelopeWorld> DefendedAsync()
    {
        var world = await EnvelopeWorld.StartAsync();
        await PostAsync(world, "/contracts", Contract);
        await PostAsync(world, "/guard/policies", """{"name":"volumes","actions":"volume.*","irreversible":true,"mode":"shadow","reason":"r"}""");
        await PostAsync(world, "/guard/overrides", """{"actions":"volume.*","org":"acme","reason":"a broken disk","expires_in_seconds":600}""");
        var envelope = await world.IssueAsync();
        await PostAsync(world, "/guard/decide",
            $$"""{"action":"volume.delete","resource":{"type":"volume","id":"v","owner_org":"acme"},"envelope":"{{envelope}}"}""");
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {envelope}");
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {envelope}", "Tieout-Attempt: 2");
        return world;
    }

    /// <summary>Charges acme and beta in one commit.</summary>
    private static async Task SharedCommitAsync(EnvelopeWorld world)
    {
        var priced = (await world.UsageAsync("acme"))[0];
        var charges = ((string[])["acme", "beta"]).Select(org => new Command.Charge(new(
            priced.Usage with { Id = new(Guid.CreateVersion7()), Labels = new() { Org = org, Source = UsageSource.Gateway, Key = $"key-{org}" }, OperationId = "op-shared" },
            null, priced.Charge, priced.Charge), Fact: true)).ToList<Command>();
        Assert.All(await world.World.Ledger.SubmitAsync(charges), outcome => Assert.IsType<Outcome.Done>(outcome));
    }

    private static async Task<long> PostingAsync(EnvelopeWorld world, string operation)
    {
        var attempt = Assert.Single(await world.World.Read.OperationAsync("acme", operation, Stop));
        return (await world.World.Read.RecordsAsync("acme", attempt, Stop)).Postings[0].Row.Seq;
    }

    private static async Task<string?> BreakAsync(EnvelopeWorld world, string dispute) =>
        (await PacketAsync(world, $"/packets?dispute={dispute}")).Json("verdict.json").GetProperty("first_break").GetString();

    private static async Task<PacketFiles> PacketAsync(EnvelopeWorld world, string path) => new(await ZipAsync(world, path));

    private static async Task<byte[]> ZipAsync(EnvelopeWorld world, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1" + path);
        request.Headers.Authorization = new("Bearer", EnvelopeWorld.Admin);
        using var response = await world.World.Http.SendAsync(request, Stop);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Stop));
        return await response.Content.ReadAsByteArrayAsync(Stop);
    }

    private static async Task ChatAsync(EnvelopeWorld world, string secret, params string[] headers)
    {
        using var response = await world.ChatAsync(secret, headers);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, text);
    }

    private static async Task PostAsync(EnvelopeWorld world, string path, string body)
    {
        var (status, answer) = await world.ApiAsync(path, body);
        Assert.True(status is 200 or 201, answer.ToString());
    }

    private static string Text(JsonElement body, string name) => body.GetProperty(name).GetString()!;
}
