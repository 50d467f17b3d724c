using System.Net;
using System.Text.Json;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Server.Tests.Attribution;

/// <summary>Join contracts over HTTP and in the command line: set, kept, counted, and what they put aside (J1).</summary>
public sealed class ContractApiTests
{
    private const string Contract = """
        {"name":"usage","version":"1.0.0","on_violation":"charge",
        "keys":[{"name":"operation_id","type":"name"}],"segmentation":["team or key","feature"],"objective":0.9}
        """;

    private const string Range = "from=2026-11-01&to=2026-12-01";

    [Fact]
    public async Task J1_completeness_is_counted_by_day_source_and_segment_and_unattributed_spend_is_a_figure()
    {
        await using var world = await ApiWorld.StartAsync();
        await SetAsync(world, Contract);
        string[] records = [Sending.Record("a", ""","team":"red","feature":"chat" """), Sending.Record("b", ""","team":"red" """), Sending.Record("c")];
        await world.UsageAsync($"[{string.Join(',', records)}]");

        var answer = await world.GetAsync($"/contracts/usage/completeness?org=acme&by=day,team&{Range}");
        var total = answer.GetProperty("total");
        Assert.Equal((3, 1, "0.333333", false), (Number(total, "billable"), Number(total, "complete"), total.GetProperty("share").GetRawText(),
            total.GetProperty("meets_objective").GetBoolean()));
        Assert.Equal(("0.00135", "0.0009"), (Text(total, "charge"), Text(total, "unattributed")));
        Assert.Equal(
            [("feature", 2), ("team or key", 1)],
            total.GetProperty("missing").EnumerateArray().Select(item => (Text(item, "requirement"), Number(item, "records"))));
        Assert.Equal(
            [("2026-11-20", null, 0), ("2026-11-20", "red", 1)],
            answer.GetProperty("items").EnumerateArray()
                .Select(item => (Text(item.GetProperty("group"), "day"), Text(item.GetProperty("group"), "team"), Number(item, "complete"))));

        var rows = (await world.GetAsync($"/contracts/usage/incomplete?org=acme&{Range}")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(
            ["team or key feature", "feature"],
            rows.Select(row => string.Join(' ', row.GetProperty("lacks").EnumerateArray().Select(name => name.GetString()))));

        // The query that is shown comes to the same.
        using (var file = RawConnection.Open(Path.Combine(world.Folder.FullName, "tieout.db"), readOnly: true))
        {
            using var counted = file.Prepare(answer.GetProperty("sql").GetString()!);
            Assert.True(counted.Step());
            Assert.Equal(("import", 3, 1), (counted.Text(0), counted.Int64(1), counted.Int64(2)));
            Assert.False(counted.Step());
        }

        var run = await world.RunAsync("contracts", "completeness", "usage", "--org", "acme", "--from", "2026-11-01", "--to", "2026-12-01", "--sql");
        Assert.StartsWith("-- usage 1.0.0: billable usage by source", run.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await world.RunAsync("contracts", "completeness", "usage", "--sql")).ExitCode);
        run = await world.RunAsync("contracts", "completeness", "usage", "--org", "acme", "--from", "2026-11-01", "--to", "2026-12-01");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Below the objective of 90.00", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task J1_usage_that_breaks_a_contract_is_put_aside_repaired_and_charged_once()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.UsageAsync($"[{Sending.Record("before")}]");
        await SetAsync(world, Contract.Replace("\"charge\"", "\"quarantine\"", StringComparison.Ordinal));
        var broken = Sending.Record("bad", ""","user":"u@x","reasoning_tokens":3 """);
        var taken = await world.UsageAsync($"[{Sending.Record("good", ""","team":"red","feature":"chat" """)},{broken}]");
        Assert.Equal((1, 0, 0, 0), taken.Counts);
        var bad = Assert.Single(taken.Items);
        Assert.Equal(("quarantined", "contract_violated"), (Text(bad, "status"), Text(bad, "code")));
        var id = Text(bad, "usage_id")!;
        Assert.Equal(2 * 0.00045m, await world.SpentAsync());

        // Sent again it is not put aside twice, and what was charged before the contract stays charged.
        var again = await world.UsageAsync($"[{Sending.Record("before")},{broken}]");
        Assert.Equal((0, 1, 0, 0), again.Counts);
        Assert.Equal(["replayed", "quarantined"], again.Items.Select(item => Text(item, "status")));

        using (var early = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/quarantined-events/{id}/release", """{"reason":"seen"}"""))
        {
            Assert.Equal("contract_violated", await ApiWorld.CodeAsync(early, HttpStatusCode.UnprocessableEntity));
        }

        var listed = Assert.Single((await world.GetAsync("/orgs/acme/quarantined-events")).GetProperty("items").EnumerateArray());
        Assert.Equal(["team or key", "feature"], listed.GetProperty("lacks").EnumerateArray().Select(name => name.GetString()));
        using (var counts = await world.SendAsync(
            HttpMethod.Post, $"/orgs/acme/quarantined-events/{id}/repair", """{"set":{"input_tokens":"1"},"reason":"cheaper"}"""))
        {
            Assert.Equal("quarantined_event_invalid", await ApiWorld.CodeAsync(counts, HttpStatusCode.BadRequest));
        }

        var repaired = await world.RunAsync(
            "contracts", "quarantine", "repair", id, "--org", "acme", "--set", "team=red", "--set", "feature=search", "--reason", "asked the team");
        Assert.True(repaired.ExitCode == 0, repaired.Error);
        Assert.Equal(2 * 0.00045m, await world.SpentAsync());
        var released = await world.RunAsync("contracts", "quarantine", "release", id, "--org", "acme", "--reason", "complete now");
        Assert.True(released.ExitCode == 0, released.Error);
        Assert.Equal(3 * 0.00045m, await world.SpentAsync());
        var row = (await world.RowsAsync())[^1];
        Assert.Equal(
            (id, "red", "search", "u@x", 3),
            (Text(row, "usage_id"), Text(row, "team_id"), Text(row, "feature"), Text(row, "user_id"), Number(row, "reasoning_tokens")));

        using (var twice = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/quarantined-events/{id}/release", """{"reason":"seen"}"""))
        {
            Assert.Equal("quarantined_event_state", await ApiWorld.CodeAsync(twice, HttpStatusCode.Conflict));
        }

        Assert.Equal(3 * 0.00045m, await world.SpentAsync());
        Assert.Empty((await world.GetAsync("/orgs/acme/quarantined-events")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task J1_an_event_whose_sender_sends_it_complete_is_charged_once_and_every_commit_names_who_sent_it()
    {
        await using var world = await ApiWorld.StartAsync();
        await SetAsync(world, Contract.Replace("\"charge\"", "\"quarantine\"", StringComparison.Ordinal));
        var complete = ""","team":"red","feature":"chat" """;
        var (commit, audit) = (world.Ledger.Health.Commit, await AuditAsync(world));
        var mixed = await world.UsageAsync($"[{Sending.Record("good", complete)},{Sending.Record("late")}]");
        Assert.Equal((1, 0, 0, 0), mixed.Counts);
        Assert.Equal(world.Ledger.Health.Commit - commit, await AuditAsync(world) - audit);

        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("late", complete)}]")).Counts);
        Assert.Equal(2 * 0.00045m, await world.SpentAsync());
        var id = Text(mixed.Items.Single(item => Text(item, "status") == "quarantined"), "usage_id");
        var path = $"/orgs/acme/quarantined-events/{id}/release";
        var released = await world.OkAsync(HttpMethod.Post, path, """{"reason":"seen","incomplete":true}""");
        Assert.Equal("superseded", Text(released, "state"));
        Assert.Equal(2 * 0.00045m, await world.SpentAsync());
        Assert.Empty((await world.GetAsync("/orgs/acme/quarantined-events")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_version_that_breaks_someone_without_saying_so_is_refused_and_every_version_is_kept()
    {
        await using var world = await ApiWorld.StartAsync();
        await SetAsync(world, Contract);
        var stricter = Contract.Replace("\"feature\"", "\"feature\",\"end_user\"", StringComparison.Ordinal);
        using (var refused = await PostAsync(world, stricter.Replace("1.0.0", "1.1.0", StringComparison.Ordinal)))
        {
            Assert.Equal("contract_breaking", await ApiWorld.CodeAsync(refused, HttpStatusCode.Conflict));
        }

        await SetAsync(world, stricter.Replace("1.0.0", "2.0.0", StringComparison.Ordinal));
        await world.OkAsync(HttpMethod.Post, "/contracts/usage/end", """{"reason":"not needed"}""");
        var versions = (await world.GetAsync("/contracts/usage/versions")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(
            [("1.0.0", false), ("2.0.0", false), ("2.0.0", true)],
            versions.Select(version => (Text(version.GetProperty("contract"), "version"), version.GetProperty("ended").GetBoolean())));
    }

    [Fact]
    public void A_file_says_what_is_wrong_with_it_and_where()
    {
        const string file = """
            name: usage
            version: 1.0.0
            on_violation: quarantine
            keys:
              - {name: org, in: [telemetry, usage, billing]}
              - {name: trace_id, type: hex32, nullable: true}
            segmentation: [team or key, feature]
            objective: 0.995
            """;
        var contract = ContractYaml.Read(file, "usage.yaml");
        Assert.Equal((2, 2, 0.995m, "Quarantine"), (contract.Keys.Count, contract.Segmentation.Count, contract.Objective, contract.OnViolation.ToString()));
        foreach (var (from, to, said) in new[]
        {
            ("type: hex32", "type: hex", "usage.yaml:6:28: 'hex' is none of name, uuid, hex32, integer."),
            ("objective: 0.995", "objective: most", "usage.yaml:8:12: the objective is no number such as 0.99."),
            ("name: usage", "title: usage", "usage.yaml:1:1: 'title' is unknown. Known: name, version, on_violation, keys, segmentation, objective."),
            ("objective: 0.995", "name: other", "usage.yaml:8:1: this is not YAML: "),
            ("team or key", "pod", "usage.yaml: 'pod' is not a field of usage: it is one of org"),
        })
        {
            var wrong = Assert.Throws<ConfigurationException>(() => ContractYaml.Read(file.Replace(from, to, StringComparison.Ordinal), "usage.yaml"));
            Assert.StartsWith(said, wrong.Message, StringComparison.Ordinal);
        }
    }

    private static Task<JsonElement> SetAsync(ApiWorld world, string contract) =>
        world.OkAsync(HttpMethod.Post, "/contracts", $$"""{"contract":{{contract}},"reason":"finance asked"}""");

    private static Task<HttpResponseMessage> PostAsync(ApiWorld world, string contract) =>
        world.SendAsync(HttpMethod.Post, "/contracts", $$"""{"contract":{{contract}},"reason":"finance asked"}""");

    private static async Task<int> AuditAsync(ApiWorld world) =>
        (await world.Ledger.Read.AuditAsync(new(null, null, null, null, Before: null, 1_000), TestContext.Current.CancellationToken)).Count;

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();

    private static int Number(JsonElement of, string name) => of.GetProperty(name).GetInt32();
}
