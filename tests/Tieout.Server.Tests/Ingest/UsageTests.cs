using System.Net;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Server.Hosting;
using Tieout.Server.Tests.Errors;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Server.Tests.Ingest;

/// <summary><c>POST /api/v1/usage</c>.</summary>
public sealed class UsageTests(ErrorTests.Shared shared) : IClassFixture<ErrorTests.Shared>
{
    private static string[] Strings(params string[] texts) => texts;

    [Fact]
    public async Task M1_one_record_is_one_usage_record_and_one_charge_at_the_catalogues_price()
    {
        await using var world = await ApiWorld.StartAsync();
        var all = """
            ,"team":"red","project":"p","key":"key_1","user":"u@x","feature":"search","trigger":"user","operation_id":"op-7","workflow_id":"w","correlation_id":"c-1",
            "trace_id":"0AF7651916CD43DD8448EB211C80319C","cache_read_tokens":"40","cache_write_tokens":0,"reasoning_tokens":5,"units":{"web_searches":0,"input_audio_tokens":0},
            "usage_source":"app_runtime","attempt":2,"duration_ms":12,"status_code":200
            """;

        var taken = await world.UsageAsync($"[{Sending.Record("first", all)}]");

        Assert.Equal((1, 0, 0, 0), taken.Counts);
        Assert.Empty(taken.Items);
        var row = Assert.Single(await world.RowsAsync());
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[
            ("org_id", "acme"), ("team_id", "red"), ("project_id", "p"), ("key_id", "key_1"), ("user_id", "u@x"), ("feature", "search"),
            ("trigger_type", "user"), ("operation_id", "op-7"),
            ("correlation_id", "c-1"), ("trace_id", "0af7651916cd43dd8448eb211c80319c"), ("usage_source", "app_runtime"), ("provider", "openai"),
            ("model", "gpt-4o"), ("basis", "imported"),
            ("charge", "0.0004"), ("provider_cost", "0.0004")])
        {
            Assert.Equal(value, row.GetProperty(name).GetString());
        }

        Assert.Equal(40, row.GetProperty("cache_read_tokens").GetInt64());
        Assert.Equal(0.0004m, await world.SpentAsync());
    }

    [Fact]
    public async Task A_list_may_be_an_object_with_items_and_all_outcomes_are_listed_when_asked_for()
    {
        await using var world = await ApiWorld.StartAsync();

        var taken = await world.TakeAsync("/api/v1/usage?items=all", $$"""{"items":[{{Sending.Record("a")}},{{Sending.Record("b")}}]}""");

        Assert.Equal((2, 0, 0, 0), taken.Counts);
        Assert.Equal(Strings("a", "b"), taken.Items.Select(item => item.GetProperty("id").GetString()));
        Assert.All(taken.Items, item => Assert.Equal("accepted", item.GetProperty("status").GetString()));
        var rows = await world.RowsAsync();
        Assert.Equal(
            rows.Select(row => row.GetProperty("usage_id").GetString()).Order(), taken.Items.Select(item => item.GetProperty("usage_id").GetString()).Order());
    }

    [Fact]
    public async Task L3_the_same_id_twice_in_one_call_or_in_two_is_one_charge_and_other_content_is_a_conflict()
    {
        await using var world = await ApiWorld.StartAsync();

        var twice = await world.UsageAsync($"[{Sending.Record("a")},{Sending.Record("a")},{Sending.Record("a", input: 101)},{Sending.Record("b")}]");
        Assert.Equal((2, 1, 1, 0), twice.Counts);
        Assert.Equal(new[] { 1, 2 }, twice.Items.Select(item => item.GetProperty("index").GetInt32()));
        Assert.Equal("id_reused", twice.Code(1));

        var again = await world.UsageAsync($"[{Sending.Record("a", input: 101)},{Sending.Record("c")},{Sending.Record("a")}]");
        Assert.Equal((1, 1, 1, 0), again.Counts);
        Assert.Equal(3 * 0.00045m, await world.SpentAsync());
        Assert.Equal(3, (await world.RowsAsync()).Length);
    }

    [Fact]
    public async Task The_same_id_of_another_source_is_another_usage()
    {
        await using var world = await ApiWorld.StartAsync();
        Assert.Equal((3, 1, 0, 0), (await world.UsageAsync(
            $$"""[{{Sending.Record("a")}},{{Sending.Record("a", ""","source":"x" """)}},{{Sending.Record("a", ""","source":"y" """)}},{{Sending.Record("a", ""","source":"x" """)}}]""")).Counts);
    }

    [Fact]
    public async Task L3_a_replay_is_a_replay_after_a_restart_and_after_prices_have_changed_and_verify_is_clean()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        var batch =
            $$"""[{{Sending.Record("a")}},{{Sending.Record("b", ""","charge":"2","provider_cost":"1.5" """)}},{{Sending.Record("c", model: "no-such-model")}}]""";
        await RunAsync(async world =>
        {
            await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"acme","asset":"USD","billing":"postpaid"}""");
            await world.OkAsync(HttpMethod.Put, "/orgs/acme/price-policy", """{"unknown_model":"admit_unpriced"}""");
            Assert.Equal((3, 0, 0, 0), (await world.UsageAsync(batch)).Counts);
        });
        await RunAsync(async world =>
        {
            Assert.Equal((0, 3, 0, 0), (await world.UsageAsync(batch)).Counts);
            await world.OkAsync(HttpMethod.Put, "/orgs/acme/price-policy", """{"markup":"3","unknown_model":"refuse"}""");
            var replay = await world.UsageAsync($"[{Sending.Record("a")},{Sending.Record("a", input: 7)},{Sending.Record("b")}]");
            Assert.Equal((0, 1, 2, 0), replay.Counts);
            Assert.Equal("replayed", replay.Items[0].GetProperty("status").GetString());
        });
        var report = SqliteVerification.Run(folder.FullName);
        Assert.True(report.Ok, string.Join(' ', report.Checks.SelectMany(check => check.Rows)));
        folder.Delete(recursive: true);

        async Task RunAsync(Func<ApiWorld, Task> use)
        {
            await using var ledger = new Gateway.BreakableLedger(SqliteLedger.Open(folder.FullName));
            await using var server = TieoutServer.Build(new() { Listen = "http://127.0.0.1:0", Data = folder.FullName, AdminToken = ApiWorld.Admin }, ledger);
            await server.StartAsync(TestContext.Current.CancellationToken);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(server.Urls.First()) };
            await use(new ApiWorld { Server = server, Ledger = ledger, Http = http, Folder = folder });
        }
    }

    [Theory]
    [InlineData("7", "item_invalid")]
    [InlineData("null", "item_invalid")]
    [InlineData("[[]]", "item_invalid")]
    [InlineData("{}", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o"}""", "usage_missing")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"x","org":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00","org":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20","org":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"1999-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":1763625600,"org":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"9998-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1}""", "occurred_in_future")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","model":"gpt-4o","input_tokens":1}""", "org_not_found")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"nobody","model":"gpt-4o","input_tokens":1}""", "org_not_found")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"no-such-model","input_tokens":1}""", "model_not_priced")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt 4o","input_tokens":1}""", "name_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"feature":"a\r\nb"}""", "name_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"team":7}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"team":"\ud800"}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":-1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1.5}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":"1e3"}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1000000000001}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":9e99}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"input_tokens":2}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","org_id":"acme","model":"gpt-4o","input_tokens":1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_token":1}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","units":{"moons":1}}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","units":{"input_tokens":1}}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","units":{"reported_cost_nanos":1}}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","units":[1]}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"usage_source":"gateway"}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"trace_id":"00000000000000000000000000000000"}""", "item_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"charge":1}""", "amount_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"charge":"-1"}""", "amount_invalid")]
    [InlineData("""{"id":"x","occurred_at":"2026-11-20T08:00:00Z","org":"acme","model":"gpt-4o","input_tokens":1,"charge":"20000000000"}""", "amount_invalid")]
    public async Task What_cannot_be_charged_is_refused_by_itself_and_the_others_stand(string item, string code)
    {
        var unique = Guid.NewGuid().ToString();
        var before = (await shared.World.RowsAsync()).Length;

        var taken = await shared.World.UsageAsync($"[{Sending.Record(unique + "-1")},{item},{Sending.Record(unique + "-2")}]");

        Assert.Equal((2, 0, 0, 1), taken.Counts);
        Assert.Equal(1, taken.Items[0].GetProperty("index").GetInt32());
        Assert.Equal("refused", taken.Items[0].GetProperty("status").GetString());
        Assert.Equal(code, taken.Code());
        Assert.False(string.IsNullOrEmpty(taken.Items[0].GetProperty("detail").GetString()));
        Assert.Equal(before + 2, (await shared.World.RowsAsync()).Length);
    }

    [Theory]
    [InlineData("", "at byte 0 (line 1")]
    [InlineData("[{]", "at byte 2 (line 1, byte 3 of it)")]
    [InlineData("[\n{\"id\":\"a\",}]", "(line 2, byte 11 of it)")]
    [InlineData("[{}", "at byte 3")]
    [InlineData("[] x", "at byte 3 (line 1, byte 4 of it)")]
    [InlineData("\"text\"", "JSON array")]
    [InlineData("{}", "'items'")]
    [InlineData("""{"items":7}""", "'items'")]
    [InlineData("""{"items":[],"more":1}""", "'items'")]
    public async Task A_body_that_is_not_json_is_refused_whole_and_says_where(string body, string where)
    {
        using var response = await shared.World.SendAsync("/api/v1/usage", body);

        Assert.Contains(where, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("body_malformed", await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
    }

    [Theory]
    [InlineData("2026-11-20T09:00:00\\u002B01:00")]
    [InlineData("2026-11-20T09:00:00.000+01:00")]
    [InlineData("2026-11-20T07:00:00.0000000-01:00")]
    public async Task The_same_time_written_otherwise_is_the_same_usage(string time)
    {
        var id = Guid.NewGuid().ToString();
        Assert.Equal((1, 0, 0, 0), (await shared.World.UsageAsync($"[{Sending.Record(id)}]")).Counts);
        Assert.Equal((0, 1, 0, 0), (await shared.World.UsageAsync($"[{Sending.Record(id).Replace(Sending.At, time, StringComparison.Ordinal)}]")).Counts);
    }

    [Fact]
    public async Task Of_a_body_that_breaks_off_nothing_counts()
    {
        await using var world = await ApiWorld.StartAsync();
        using var response = await world.SendAsync("/api/v1/usage", $"[{Sending.Record("a")},{Sending.Record("b")}");
        Assert.Equal("body_malformed", await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
        Assert.Empty(await world.RowsAsync());
    }

    [Fact]
    public async Task Ten_thousand_items_are_taken_and_one_more_is_refused_whole()
    {
        await using var world = await ApiWorld.StartAsync();
        var items = Enumerable.Range(0, 10_001).Select(i => Sending.Record($"r{i}", input: 0)).ToArray();
        using (var response = await world.SendAsync("/api/v1/usage", $"[{string.Join(',', items)}]"))
        {
            Assert.Equal("too_many_items", await ApiWorld.CodeAsync(response, HttpStatusCode.RequestEntityTooLarge));
        }

        Assert.Equal(0, await world.SpentAsync());
        Assert.Equal((10_000, 0, 0, 0), (await world.UsageAsync($"[{string.Join(',', items[1..])}]")).Counts);
        Assert.Equal(2m, await world.SpentAsync());
        Assert.Equal((1, 9_999, 0, 0), (await world.UsageAsync($"[{string.Join(',', items[..10_000])}]")).Counts);
    }

    [Fact]
    public async Task A_packed_body_is_taken_and_a_bomb_or_a_broken_one_is_refused()
    {
        await using var world = await ApiWorld.StartAsync();
        var packed = Sending.Gzip(Encoding.UTF8.GetBytes($"[{Sending.Record("a")}]"));
        using (var response = await world.SendAsync("/api/v1/usage", packed, encoding: "gzip"))
        {
            Assert.Equal((1, 0, 0, 0), (await Taken.ReadAsync(response)).Counts);
        }

        // 64 MiB of blanks are 290 KB of gzip.
        var bomb = Sending.Gzip([.. Enumerable.Repeat((byte)' ', 64 * 1024 * 1024)]);
        Assert.True(bomb.Length < 1024 * 1024);
        using (var response = await world.SendAsync("/api/v1/usage", bomb, encoding: "gzip"))
        {
            Assert.Equal("body_too_large", await ApiWorld.CodeAsync(response, HttpStatusCode.RequestEntityTooLarge));
        }

        using (var response = await world.SendAsync("/api/v1/usage", packed[..^12], encoding: "gzip"))
        {
            Assert.Equal("body_malformed", await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
        }

        using (var response = await world.SendAsync("/api/v1/usage", "[]"u8.ToArray(), encoding: "gzip"))
        {
            Assert.Equal("body_malformed", await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
        }

        using (var response = await world.SendAsync("/api/v1/usage", packed, encoding: "compress"))
        {
            Assert.Equal("media_type_unsupported", await ApiWorld.CodeAsync(response, HttpStatusCode.UnsupportedMediaType));
        }
    }

    [Fact]
    public async Task An_unknown_model_is_refused_or_by_policy_admitted_as_a_finding_and_never_free_in_silence()
    {
        await using var world = await ApiWorld.StartAsync();
        Assert.Equal("model_not_priced", (await world.UsageAsync($"[{Sending.Record("a", model: "no-such-model")}]")).Code());

        await world.OkAsync(HttpMethod.Put, "/orgs/acme/price-policy", """{"unknown_model":"admit_unpriced"}""");
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("a", model: "no-such-model")}]")).Counts);

        Assert.Contains(await world.Ledger.Read.FindingsAsync("acme", 10, TestContext.Current.CancellationToken), finding => finding.Code.Name == "unpriced");
        Assert.Equal(0, await world.SpentAsync());
    }

    [Fact]
    public async Task The_platform_may_state_what_usage_costs_and_that_is_no_finding()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/price-policy", """{"markup":"1.2"}""");
        var gpu = $$"""{"id":"gpu","occurred_at":"{{Sending.At}}","org":"acme","provider":"own-cluster","usage_source":"allocation","provider_cost":"10","charge":"15"}""";
        var marked = $$"""{"id":"tool","occurred_at":"{{Sending.At}}","org":"acme","usage_source":"tool_call","provider_cost":"1"}""";

        Assert.Equal((2, 0, 0, 0), (await world.UsageAsync($"[{gpu},{marked}]")).Counts);

        Assert.Equal(16.2m, await world.SpentAsync());
        Assert.Empty(await world.Ledger.Read.FindingsAsync("acme", 10, TestContext.Current.CancellationToken));
        Assert.Equal((0, 1, 1, 0), (await world.UsageAsync($"[{gpu},{marked.Replace("\"1\"", "\"2\"", StringComparison.Ordinal)}]")).Counts);
    }

    [Fact]
    public async Task Usage_is_a_fact_so_an_org_without_money_is_charged_and_the_overrun_is_a_finding()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"poor","asset":"USD","billing":"prepaid"}""");
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("a", org: "poor")}]")).Counts);
        Assert.Contains(await world.Ledger.Read.FindingsAsync("poor", 10, TestContext.Current.CancellationToken), finding => finding.Code.Name == "overrun");
    }

    [Fact]
    public async Task A_key_hands_in_its_own_orgs_usage_and_nothing_else()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/teams", """{"name":"blue"}""");
        var (_, red) = await world.KeyAsync(team: "red");
        var own = Sending.Record("own").Replace("\"org\":\"acme\",", "", StringComparison.Ordinal);

        var taken = await world.UsageAsync(
            $"[{own},{Sending.Record("b")},{Sending.Record("c", org: "other")},{Sending.Record("d", org: "nobody")},{Sending.Record("e", ",\"team\":\"blue\"")},{Sending.Record("f", ",\"charge\":\"0\"")}]", red);

        Assert.Equal((2, 0, 0, 4), taken.Counts);
        Assert.Equal(Strings("org_not_found", "org_not_found", "forbidden", "forbidden"), Enumerable.Range(0, 4).Select(taken.Code));
        Assert.Empty(await world.RowsAsync("other"));
        Assert.All(await world.RowsAsync(), row => Assert.Equal("red", row.GetProperty("team_id").GetString()));

        // Ids are names within an org: another's cannot be taken, found out or blocked.
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("own", org: "other")}]")).Counts);
    }

    [Fact]
    public async Task Without_a_credential_nothing_is_taken_and_a_store_that_is_down_says_so()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var token in Strings("", "tk_wrong"))
        {
            using var response = await world.SendAsync("/api/v1/usage", $"[{Sending.Record("a")}]", token);
            Assert.Equal("unauthorized", await ApiWorld.CodeAsync(response, HttpStatusCode.Unauthorized));
        }

        world.Ledger.Broken = _ => true;
        using (var response = await world.SendAsync("/api/v1/usage", $"[{Sending.Record("a")}]"))
        {
            Assert.Equal("store_unavailable", await ApiWorld.CodeAsync(response, HttpStatusCode.ServiceUnavailable));
        }

        world.Ledger.Broken = null;
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{Sending.Record("a")}]")).Counts);
    }

    [Fact]
    public async Task What_we_export_can_be_handed_in_by_its_own_names()
    {
        await using var world = await ApiWorld.StartAsync();
        var record = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["id"] = "a",
            ["occurred_at"] = Sending.At,
            ["org_id"] = "acme",
            ["team_id"] = "red",
            ["user_id"] = "a user with blanks",
            ["trigger_type"] = "retry",
            ["model"] = "gpt-4o",
            ["input_tokens"] = 1,
        });
        Assert.Equal((1, 0, 0, 0), (await world.UsageAsync($"[{record}]")).Counts);
        Assert.StartsWith("sha256:", Assert.Single(await world.RowsAsync()).GetProperty("user_id").GetString(), StringComparison.Ordinal);
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.TopUp("t", "acme", new(1)), TestContext.Current.CancellationToken));
    }
}
