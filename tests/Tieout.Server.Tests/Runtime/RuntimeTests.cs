using System.Globalization;
using System.Net;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Pricing;
using Tieout.Server.Runtime;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;

namespace Tieout.Server.Tests.Runtime;

/// <summary><c>POST /api/v1/runtimes</c>, what happens to them, and what they cost.</summary>
public sealed class RuntimeTests
{
    /// <summary>0.001 for a GPU-second and 0.0001 for a second of the head.</summary>
    internal const string Prices = """
        {"format":"tieout-prices/1","list":"gpus","version":"1","asset":"USD","providers":[{"id":"gpus","models":[
        {"id":"h100","match":"h100","rates":{"gpu_seconds":"3.6"}},{"id":"m7","match":"m7","rates":{"instance_seconds":"0.36"}}]}]}
        """;

    private const string App = """
        {"org":"acme","id":"app-1","source":"app_runtime","project":"p","provider":"gpus","operating_mode":"on_demand","control_plane_scope":"instance","runtime_backend":"ray",
        "correlation_id":"c-1","components":[{"name":"worker","model":"h100","gpus":8,"replicas":2},{"name":"head","model":"m7","control_plane":true}]}
        """;

    private static readonly DateTimeOffset Hour = new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero).AddDays(-2).AddHours(10);

    [Fact]
    public async Task M1_activity_becomes_usage_by_the_second_and_what_comes_late_is_made_good()
    {
        await using var world = await StartAsync();
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);
        var events = Events(("a", 0, "start"), ("b", 1_810, "stop"));

        Assert.Equal((2, 0, 0, 0), Counts(await HappenAsync(world, events)));
        Assert.Equal((0, 2, 0, 0), Counts(await HappenAsync(world, events)));
        Assert.Equal((0, 0, 1, 0), Counts(await HappenAsync(world, Events(("b", 1_811, "stop")))));
        await TickAsync(world);

        // 1,810 s of 16 GPUs and one head.
        await AssertStandsAsync(world, worker: 3_620, head: 1_810, spent: 28.96m + 0.181m);
        var rows = await world.RowsAsync();
        Assert.Equal(14, rows.Length);
        Assert.All(rows,
            row => Assert.Equal(("app_runtime", "app-1", "ray", "c-1", "imported"),
                (Text(row, "usage_source"), Text(row, "app_instance_id"), Text(row, "runtime_backend"), Text(row, "correlation_id"), Text(row, "basis"))));
        Assert.Equal(7, rows.Count(row => row.GetProperty("control_plane_component").GetBoolean() && Text(row, "runtime_component") == "head"));

        // It had stopped earlier than was known: the intervals are reversed and entered anew.
        Assert.Equal((1, 0, 0, 0), Counts(await HappenAsync(world, Events(("c", 700, "stop")))));
        await TickAsync(world);
        await TickAsync(world);
        await AssertStandsAsync(world, worker: 1_400, head: 700, spent: 11.2m + 0.07m);

        // It had even begun earlier.
        await HappenAsync(world, Events(("d", -100, "start"), ("e", -50, "scale")));
        await TickAsync(world);
        await AssertStandsAsync(world, worker: 100 + 50 + 2 * 0 + 700, head: 800, spent: (50 * 2 + 750 * 1) * 0.008m + 0.08m);
    }

    [Fact]
    public async Task A_mixed_listing_tells_an_allocation_from_an_app_runtime_in_every_form()
    {
        await using var world = await StartAsync();
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);
        await world.OkAsync(HttpMethod.Post, "/runtimes",
            """{"org":"acme","id":"rent-1","source":"allocation","provider":"gpus","components":[{"name":"node","model":"h100","gpus":1}]}""");
        foreach (var id in (string[])["app-1", "rent-1"]) await HappenAsync(world, Events(("a", 0, "start"), ("b", 600, "stop")), id);
        await TickAsync(world);

        Assert.Equal(6, (await world.RowsAsync()).Length);
        Assert.Equal(2, (await world.GetAsync("/orgs/acme/usage?source=allocation")).GetProperty("items").GetArrayLength());
        Assert.Equal(4, (await world.GetAsync("/orgs/acme/usage?app_instance=app-1")).GetProperty("items").GetArrayLength());
        var csv = await world.RunAsync("usage", "acme", "--format", "csv", "--source", "allocation");
        Assert.Equal(3, csv.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains(",allocation,", csv.Out, StringComparison.Ordinal);
        Assert.Contains(",rent-1,node,false,", csv.Out, StringComparison.Ordinal);
        var lines = (await world.RunAsync("usage", "acme", "--format", "jsonl", "--app-instance", "app-1")).Out.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["app_runtime"], lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("usage_source").GetString()).Distinct());
        Assert.Equal(["rent-1", "app-1"], (await world.GetAsync("/orgs/acme/runtimes")).GetProperty("items").EnumerateArray().Select(item => Text(item, "id")));
        Assert.Contains("rent-1", (await world.RunAsync("runtime", "list", "acme")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await world.RunAsync("runtime", "show", "acme", "rent-1")).ExitCode);
    }

    [Fact]
    public async Task What_is_retired_is_charged_to_its_end_and_no_start_of_the_meter_reads_what_happened_to_it()
    {
        await using var world = await StartAsync();
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);
        await HappenAsync(world, Events(("a", 0, "start")));
        await TickAsync(world);
        Assert.Contains("[runtime_active]", (await world.RunAsync("runtime", "retire", "acme", "app-1")).Error, StringComparison.Ordinal);
        await HappenAsync(world, Events(("b", 600, "stop")));
        Assert.Contains("[runtime_active]", (await world.RunAsync("runtime", "retire", "acme", "app-1")).Error, StringComparison.Ordinal);
        await TickAsync(world);
        Assert.Equal(0, (await world.RunAsync("runtime", "retire", "acme", "app-1")).ExitCode);
        Assert.Equal(0, (await world.RunAsync("runtime", "retire", "acme", "app-1")).ExitCode);
        Assert.Equal("runtime_retired",
            await ApiWorld.CodeAsync(
                await world.SendAsync(HttpMethod.Post, "/runtimes/app-1/events?org=acme", Events(("c", 900, "start"))), HttpStatusCode.Conflict));

        // Another is metered as before, beside what is retired; a meter that comes back finds it by what happened since it was registered.
        await world.OkAsync(HttpMethod.Post, "/runtimes", App.Replace("app-1", "app-2", StringComparison.Ordinal));
        await HappenAsync(world, Events(("a", 0, "start"), ("b", 300, "stop")), "app-2");
        await TickAsync(world);
        Assert.Equal(0, (await world.GetAsync("/orgs/acme/runtimes/app-2")).GetProperty("unbilled_seconds").GetInt64());
        Assert.Equal(0, (await world.GetAsync("/orgs/acme/runtimes/app-1")).GetProperty("unbilled_seconds").GetInt64());
        Assert.Equal(0, (await world.RunAsync("reconcile")).ExitCode);
    }

    [Fact]
    public async Task What_sends_no_heartbeat_any_more_is_retired_after_the_grace_and_its_usage_ended_with_the_last()
    {
        await using var world = await StartAsync();
        foreach (var (id, bound) in new[] { ("silent", ",\"heartbeat_seconds\":120"), ("stopped", ",\"heartbeat_seconds\":120"), ("unbound", "") })
        {
            await world.OkAsync(HttpMethod.Post, "/runtimes", App.Replace("\"app-1\"", $"\"{id}\"{bound}", StringComparison.Ordinal));
            await HappenAsync(world, id == "silent" ? Events(("a", 0, "start"), ("b", 100, "heartbeat")) : Events(("a", 0, "start"), ("b", 200, "stop")), id);
        }

        var options = new RuntimeOptions { HeartbeatGrace = TimeSpan.FromDays(3) };
        var meter = new RuntimeMeter(world.Ledger, new CurrentPrices(world.Ledger.Read), options);
        async Task TickAsync(double days) =>
            Assert.Equal(0, await meter.TickAsync(Instant.From(DateTimeOffset.UtcNow.AddDays(days)), TestContext.Current.CancellationToken));
        await TickAsync(0);
        Assert.Equal("silent since",
            (await world.RunAsync("runtime", "show", "acme", "silent")).Out.Split("  ").Single(
                part => part.StartsWith("silent since", StringComparison.Ordinal))[..12]);
        await TickAsync(2.9);
        Assert.Empty((await world.GetAsync("/orgs/acme/runtimes")).GetProperty("retired").EnumerateArray());

        await TickAsync(3.01);
        var retired = Assert.Single((await world.GetAsync("/orgs/acme/runtimes")).GetProperty("retired").EnumerateArray());
        Assert.Equal(("silent", Instant.From(Hour.AddSeconds(220)).ToString()), (Text(retired, "id"), Text(retired, "silent_since")));
        var told = (await world.Ledger.Read.OutboxAsync("acme", 0, 1_000, TestContext.Current.CancellationToken)).Where(
            message => message.Type == "runtime.retired");
        using var body = JsonDocument.Parse(Assert.Single(told).Body);
        Assert.Equal((Instant.From(Hour.AddSeconds(100)).ToString(), Instant.From(Hour.AddSeconds(220)).ToString()),
            (Text(body.RootElement, "last_sign_of_life"), Text(body.RootElement, "usage_ended")));

        // Its usage ends with its last sign of life, whoever looks, and nothing more is taken.
        meter = new(world.Ledger, new CurrentPrices(world.Ledger.Read), options);
        await TickAsync(0);
        var show = await world.GetAsync("/orgs/acme/runtimes/silent");
        Assert.Equal((220, 0),
            (show.GetProperty("lines").EnumerateArray().Single(line => Text(line, "component") == "head").GetProperty("billed_seconds").GetInt64(),
                show.GetProperty("unbilled_seconds").GetInt64()));
        Assert.Equal("runtime_retired",
            await ApiWorld.CodeAsync(
                await world.SendAsync(HttpMethod.Post, "/runtimes/silent/events?org=acme", Events(("z", 900, "start"))), HttpStatusCode.Conflict));
        Assert.Contains("silent since", (await world.RunAsync("runtime", "list", "acme")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await world.RunAsync("runtime", "retire", "acme", "silent")).ExitCode);
    }

    // Goal: the interval is a matter of taste, never of money. Method: it is changed between looks of the meter, with activity that comes late.
    [Theory]
    [InlineData("5m", "10m")]
    [InlineData("10m", "5m")]
    [InlineData("1h", "10s")]
    [InlineData("30s", "1h")]
    public async Task M1_another_interval_charges_the_same(string before, string after)
    {
        RuntimeOptions Of(string interval) => TieoutYaml.Read($"runtime: {{ interval: {interval} }}", "tieout.yaml", _ => null).Runtime;
        await using var world = await StartAsync(options => options with { Runtime = Of(after) });
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);
        await HappenAsync(world, Events(("a", 17, "start"), ("b", 1_810, "stop")));
        await TickAsync(world, Of(before));
        var rows = (await world.RowsAsync()).Length;
        await HappenAsync(world, Events(("c", 1_000, "stop")));
        await TickAsync(world, Of(after));
        await TickAsync(world, Of(after));
        await AssertStandsAsync(world, worker: 2 * 983, head: 983, spent: 983 * 0.016m + 983 * 0.0001m);
        Assert.NotEqual(rows, (await world.RowsAsync()).Length);
        await HappenAsync(world, Events(("d", 1_100, "start")));
        await TickAsync(world, Of(before));
        await TickAsync(world, Of(after));
        await AssertStandsAsync(world, worker: 2 * (983 + 710), head: 983 + 710, spent: (983 + 710) * 0.0161m);
        var run = await world.RunAsync("reconcile");
        Assert.True(run.ExitCode == 0, run.Out);
    }

    [Fact]
    public async Task How_late_activity_may_come_is_a_matter_of_configuration()
    {
        await using var world = await ApiWorld.StartAsync(
            options => options with { Runtime = TieoutYaml.Read("runtime: { lateness_days: 20 }", "tieout.yaml", _ => null).Runtime });
        await world.OkAsync(HttpMethod.Post, "/prices?format=tieout", Prices);
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);
        var taken = await HappenAsync(world, Events(("a", -8 * 86_400, "start"), ("b", -22 * 86_400, "start")));
        Assert.Equal((1, 0, 0, 1), Counts(taken));
        Assert.Contains("more than 20 days", Text(taken.GetProperty("items")[0], "detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task L2_an_interval_charged_anew_is_no_overrun_however_tight_the_money_is()
    {
        await using var world = await StartAsync();
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);
        await HappenAsync(world, Events(("a", 0, "start"), ("b", 300, "stop")));
        await TickAsync(world);
        var spent = await world.SpentAsync();
        await world.OkAsync(
            HttpMethod.Put, "/orgs/acme/budgets", $$"""{"window":"total","limit":"{{spent.ToString(CultureInfo.InvariantCulture)}}","hard":true}""");

        // It stopped earlier than it seemed: what is taken back comes first, all in one commit, so what is left is never less for a moment.
        await HappenAsync(world, Events(("c", 299, "stop")));
        await TickAsync(world);
        Assert.True(await world.SpentAsync() < spent);
        var postings = new List<Posting>();
        await foreach (var posting in world.Ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, TestContext.Current.CancellationToken))
        {
            postings.Add(posting);
        }

        Assert.Equal([PostingKind.Reversal, PostingKind.Reversal, PostingKind.Charge, PostingKind.Charge], postings[^4..].Select(posting => posting.Kind));
        Assert.Empty((await world.GetAsync("/orgs/acme/findings")).GetProperty("items").EnumerateArray());

        // It ran on longer than there is money for: that is one.
        await HappenAsync(world, Events(("d", 301, "start"), ("e", 900, "stop")));
        await TickAsync(world);
        Assert.Contains((await world.GetAsync("/orgs/acme/findings")).GetProperty("items").EnumerateArray(), finding => Text(finding, "code") == "overrun");
    }

    [Theory]
    [InlineData("""{"org":"acme","id":"x","source":"gateway","components":[{"name":"w","model":"h100","gpus":1}]}""", "runtime_invalid")]
    [InlineData("""{"org":"acme","id":"x","source":"allocation","components":[]}""", "runtime_invalid")]
    [InlineData("""{"org":"acme","id":"x","source":"allocation","components":[{"name":"w","model":"h100","gpus":1},{"name":"w","model":"h100","gpus":1}]}""",
        "runtime_invalid")]
    [InlineData("""{"org":"acme","id":"x","source":"allocation","heartbeat_seconds":0,"components":[{"name":"w","model":"h100","gpus":1}]}""",
        "runtime_invalid")]
    public async Task What_cannot_be_followed_is_refused(string body, string code)
    {
        await using var world = await StartAsync();

        Assert.Equal(code, await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Post, "/runtimes", body), HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task What_has_no_price_is_refused_and_so_is_activity_of_last_week()
    {
        await using var world = await StartAsync();
        var unpriced = """{"org":"acme","id":"x","source":"allocation","provider":"gpus","components":[{"name":"w","model":"h100"}]}""";
        Assert.Equal("model_not_priced", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Post, "/runtimes", unpriced), HttpStatusCode.NotFound));
        Assert.Equal("runtime_not_found",
            await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Post, "/runtimes/no/events?org=acme", """{"items":[]}"""), HttpStatusCode.NotFound));
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);

        var taken = await HappenAsync(world, Events(("a", -8 * 86_400, "start"), ("b", 8 * 86_400, "start"), ("c", 0, "explode")));

        Assert.Equal(
            ["activity_too_late", "occurred_in_future", "item_invalid"], taken.GetProperty("items").EnumerateArray().Select(item => Text(item, "code")));
    }

    internal static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    // Goal: activity of a component whose model has no rate for a second is never free in silence.
    [Fact]
    public async Task M3_seconds_without_a_rate_are_a_finding_for_each_record()
    {
        await using var world = await StartAsync();
        await world.OkAsync(HttpMethod.Post, "/runtimes", App);
        await world.OkAsync(HttpMethod.Post, "/prices?format=tieout",
            Prices.Replace("\"gpu_seconds\":\"3.6\"", "\"input_tokens\":\"1\"", StringComparison.Ordinal).Replace(
                "\"version\":\"1\"", "\"version\":\"2\"", StringComparison.Ordinal));
        await HappenAsync(world, Events(("a", 0, "start"), ("b", 600, "stop")));
        await TickAsync(world);

        Assert.Equal("model_not_priced",
            await ApiWorld.CodeAsync(
                await world.SendAsync(HttpMethod.Post, "/runtimes", App.Replace("app-1", "app-2", StringComparison.Ordinal)), HttpStatusCode.NotFound));
        var workers = (await world.RowsAsync()).Count(row => Text(row, "runtime_component") == "worker");
        Assert.NotEqual(0, workers);
        Assert.Equal(workers,
            (await world.Ledger.Read.FindingsAsync("acme", 1_000, TestContext.Current.CancellationToken)).Count(
                finding => finding.Code.Name == "unpriced_dimension"));
    }

    private static async Task<ApiWorld> StartAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        var world = await ApiWorld.StartAsync(change);
        await world.OkAsync(HttpMethod.Post, "/prices?format=tieout", Prices);
        return world;
    }

    private static string Events(params (string Id, int Second, string Type)[] events) => $$"""{"items":[{{string.Join(',', events.Select(one =>
        $"{{\"id\":\"{one.Id}\",\"at\":\"{Hour.AddSeconds(one.Second).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}\",\"type\":\"{one.Type}\"{(one.Type == "scale" ? ",\"component\":\"worker\",\"replicas\":1" : "")}}}"))}}]}""";

    private static Task<JsonElement> HappenAsync(ApiWorld world, string events, string id = "app-1") =>
        world.OkAsync(HttpMethod.Post, $"/runtimes/{id}/events?org=acme", events);

    private static (int, int, int, int) Counts(JsonElement taken) =>
        (taken.GetProperty("accepted").GetInt32(), taken.GetProperty("replayed").GetInt32(), taken.GetProperty("conflicts").GetInt32(),
            taken.GetProperty("refused").GetInt32());

    /// <summary>A new meter each time: one that died and came back.</summary>
    private static async Task TickAsync(ApiWorld world, RuntimeOptions? options = null) => Assert.Equal(0, await new RuntimeMeter(
        world.Ledger, new CurrentPrices(world.Ledger.Read), options ?? new RuntimeOptions()).TickAsync(
            Instant.From(DateTimeOffset.UtcNow), TestContext.Current.CancellationToken));

    private static async Task AssertStandsAsync(ApiWorld world, long worker, long head, decimal spent)
    {
        var show = await world.GetAsync("/orgs/acme/runtimes/app-1");
        Assert.Equal(
            [("worker", worker, worker, false), ("head", head, head, true)],
            show.GetProperty("lines").EnumerateArray()
                .Select(line => (Text(line, "component"), line.GetProperty("active_seconds").GetInt64(), line.GetProperty("billed_seconds").GetInt64(),
                    line.GetProperty("control_plane").GetBoolean())));
        Assert.Equal(0, show.GetProperty("unbilled_seconds").GetInt64());
        Assert.Equal(spent, await world.SpentAsync());
    }
}
