using System.Globalization;
using System.Text;
using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary><c>tie</c> as scripts use it, through the real server.</summary>
public sealed class TieTests
{
    private static string Today => DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string ThisMonth => Today[..7];

    /// <summary>RUNBOOKS R5: the invoice says 861; the counter that one path bumps by one and searches never reach says 416; the page that counts rows says
    /// 36.</summary>
    [Fact]
    public async Task R5_the_invoice_says_861_and_the_tie_explains_416_and_36()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"lyra","asset":"CREDIT","billing":"prepaid"}""");
        await world.OkAsync(HttpMethod.Post, "/orgs/lyra/topups", """{"id":"t","amount":"1000"}""");
        var (key, _) = await world.KeyAsync("lyra");
        for (var i = 0; i < 24; i++) await world.ChargeAsync(i < 20 ? "17" : "16", "lyra", key: key, project: "chat", operation: $"c{i}");
        for (var i = 0; i < 12; i++) await world.ChargeAsync("8", "lyra", key: key, project: "batch", operation: $"b{i}");
        for (var i = 0; i < 36; i++) await world.ChargeAsync(i < 35 ? "10" : "11", "lyra", project: "search", operation: $"s{i}");

        Assert.Equal("861", Text(await world.GetAsync($"/orgs/lyra/invoices/{ThisMonth}"), "total_charges"));
        Assert.Equal("139", Text(await world.GetAsync("/orgs/lyra/balance"), "posted"));

        var counter =
            await TieAsync(world, $"org,day,credits\nlyra,{Today},416\n", "--org", "lyra", "--key", "org,day", "--amount", "credits", "--unit", "credits");
        Assert.Equal(1, counter.ExitCode);
        var row = Assert.Single(counter.Json.GetProperty("rows").EnumerateArray());
        Assert.Equal(
            ("lyra", Today, "861", "416", "445"), (Text(row, "org"), Text(row, "day"), Text(row, "left"), Text(row, "right"), Text(row, "difference")));
        Assert.Equal("spend_without_key+counted_as_one", Text(row, "cause"));
        Assert.Equal(["361", "84"], row.GetProperty("parts").EnumerateArray().Select(part => Text(part, "amount")));
        Assert.Equal((51.684088m, "high"), (counter.Json.GetProperty("drift_pct").GetDecimal(), Text(counter.Json, "severity")));

        var page = await TieAsync(world, $"org,day,n\nlyra,{Today},36\n", "--org", "lyra", "--key", "org,day", "--amount", "n", "--unit", "credits");
        Assert.Equal((1, "call_count"), (page.ExitCode, Text(page.Json.GetProperty("rows")[0], "cause")));

        var right = await TieAsync(world, $"org,day,n\nlyra,{Today},861\n", "--org", "lyra", "--key", "org,day", "--amount", "n", "--unit", "credits");
        Assert.Equal((0, 0m, "normal"), (right.ExitCode, right.Json.GetProperty("drift_pct").GetDecimal(), Text(right.Json, "severity")));
    }

    [Theory]
    [InlineData("usd", "2.75")]
    [InlineData("cents", "275")]
    [InlineData("cents", "275.0")]
    [InlineData("credits", "2.75")]
    [InlineData("usd", "27.5e-1")]
    public async Task Each_unit_is_read_as_it_is_meant(string unit, string figure)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("2.75");
        var run = await TieAsync(world, $"org,day,x\nacme,{Today},{figure}\n", "--org", "acme", "--key", "org,day", "--amount", "x", "--unit", unit);
        Assert.True(run.ExitCode == 0, run.Out);
        var wrong = await TieAsync(
            world, $"org,day,x\nacme,{Today},{figure}\n", "--org", "acme", "--key", "org,day", "--amount", "x", "--unit", unit == "cents" ? "usd" : "cents");
        Assert.Equal((1, "unit"), (wrong.ExitCode, Text(wrong.Json.GetProperty("rows")[0], "cause")));
    }

    [Fact]
    public async Task By_key_and_by_project_each_row_stands_for_itself()
    {
        await using var world = await ApiWorld.StartAsync();
        var (one, _) = await world.KeyAsync();
        var (two, _) = await world.KeyAsync();
        await world.ChargeAsync("1", key: one, project: "web");
        await world.ChargeAsync("2", key: two, project: "web");
        await world.ChargeAsync("4");

        var byKey = await TieAsync(world, $"api_key,date,usd\n{one},{Today},1\n{one},{Today},0.25\nstray,{Today},9\n", "--org", "acme", "--key",
            "key=api_key,day=date", "--amount", "usd", "--unit", "usd");
        Assert.Equal(1, byKey.ExitCode);
        var causes = byKey.Json.GetProperty("rows").EnumerateArray().ToDictionary(row => Text(row, "key") ?? "none", row => Text(row, "cause"));
        Assert.Equal(("spend_without_key", "unexplained", "missing_right", "missing_left"), (causes["none"], causes[one], causes[two], causes["stray"]));

        var byProject = await TieAsync(
            world, $"project,day,usd\nweb,{Today},3\nNULL,{Today},4\n", "--org", "acme", "--key", "project,day", "--amount", "usd", "--unit", "usd");
        Assert.True(byProject.ExitCode == 0, byProject.Out);
    }

    [Fact]
    public async Task Days_are_the_orgs_and_a_counter_that_cuts_them_in_UTC_is_told()
    {
        await using var world = await ApiWorld.StartAsync();
        var zone = DateTime.UtcNow.Hour < 12 ? "Etc/GMT+12" : "Pacific/Kiritimati";
        await world.OkAsync(HttpMethod.Post, "/orgs", $$"""{"id":"far","asset":"USD","billing":"postpaid","time_zone":"{{zone}}"}""");
        await world.ChargeAsync("2", org: "far");
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.UtcNow, TimeZoneInfo.FindSystemTimeZoneById(zone)).ToString(
            "yyyy-MM-dd", CultureInfo.InvariantCulture);
        var utc = Today;
        Assert.NotEqual(local, utc);

        string[] how = ["--org", "far", "--key", "day", "--amount", "usd", "--unit", "usd"];
        Assert.Equal(0, (await TieAsync(world, $"day,usd\n{local},2\n", how)).ExitCode);
        Assert.Equal(0, (await TieAsync(world, $"day,usd\n{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'},2\n", how)).ExitCode);
        var run = await TieAsync(world, $"day,usd\n{local},0\n{utc},2\n", how);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(run.Json.GetProperty("rows").EnumerateArray(), row => Text(row, "cause") == "timezone");
    }

    [Fact]
    public async Task A_byte_order_mark_quotes_line_ends_and_JSON_lines_are_read()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1234.5");
        string[] how = ["--org", "acme", "--key", "org,day", "--amount", "Total, USD", "--unit", "usd"];
        Assert.Equal(0, (await TieAsync(world, $"\uFEFFOrg,Day,\"Total, USD\"\r\n\"acme\",\"{Today}\",\"1234.50\"\r\nother,{Today},7\r\n", how)).ExitCode);
        var json = $$"""{"org":"acme","day":"{{Today}}","Total, USD":1234.5}""" + "\n\n" + $$"""{"org":"acme","day":"{{Today}}","Total, USD":null}""";
        Assert.Equal(0, (await TieAsync(world, json, [.. how, "--right-format", "jsonl"])).ExitCode);
    }

    [Theory]
    [InlineData("acme,{day},\"1,234.50\"", 3)]
    [InlineData("acme,{day},1 234.50", 3)]
    [InlineData("acme,{day},12$", 3)]
    [InlineData("acme,{day}", 3)]
    [InlineData("acme,{day},1,2", 3)]
    [InlineData("acme,yesterday,1", 3)]
    [InlineData("acme,,1", 3)]
    [InlineData("acme,{day},\"1", 3)]
    [InlineData("acme,{day},99999999999999", 3)]
    [InlineData("acme,{day},0x10", 3)]
    [InlineData("acme,{day},NaN", 3)]
    public async Task What_cannot_be_read_for_certain_is_refused_with_its_line(string line, int number)
    {
        await using var world = await ApiWorld.StartAsync();
        var file = $"org,day,usd\nacme,{Today},1\n{line.Replace("{day}", Today, StringComparison.Ordinal)}\n";
        var run = await TieAsync(world, file, "--org", "acme", "--key", "org,day", "--amount", "usd", "--unit", "usd");
        Assert.True(run.ExitCode == 2, run.Out + run.Error);
        Assert.Contains("file_invalid", run.Error, StringComparison.Ordinal);
        Assert.Contains($"Line {number}:", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--org acme --key org,hour --amount usd --unit usd")]
    [InlineData("--org acme --key org,day --amount price --unit usd")]
    [InlineData("--org acme --key team,day --amount usd --unit usd")]
    [InlineData("--org acme --key org,day --amount usd --unit euro")]
    [InlineData("--org acme --key org,day --amount usd")]
    [InlineData("--org nobody --key org,day --amount usd --unit usd")]
    [InlineData("--org acme --key org,day --amount usd --unit usd --from 2026-11-02 --to 2026-11-01")]
    [InlineData("--org acme --key org,day --amount usd --unit usd --left invoice")]
    public async Task Wrong_usage_ends_with_2(string options)
    {
        await using var world = await ApiWorld.StartAsync();
        var run = await TieAsync(world, "org,day,usd\n", options.Split(' '));
        Assert.True(run.ExitCode == 2, run.Out + run.Error);
    }

    [Fact]
    public async Task A_counter_that_stopped_is_critical()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("2");
        await world.ChargeAsync("0.01");
        string[] how = ["--org", "acme", "--key", "org", "--amount", "usd", "--unit", "usd"];
        var file = "org,usd\nacme,2\n";
        var old = DateTime.UtcNow.AddMinutes(-6).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        Assert.Equal("normal", Text((await TieAsync(world, file, how)).Json, "severity"));
        Assert.Equal("critical", Text((await TieAsync(world, file, [.. how, "--last-write", old])).Json, "severity"));
        Assert.Equal("critical", Text((await TieAsync(world, "org,usd\n", how)).Json, "severity"));
    }

    [Fact]
    public async Task A_range_holds_on_both_sides()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("2");
        var tomorrow = DateTime.UtcNow.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var run = await TieAsync(world, $"org,day,usd\nacme,{Today},2\nacme,{tomorrow},5\n", "--org", "acme", "--key", "org,day", "--amount", "usd", "--unit",
            "usd", "--from", Today, "--to", tomorrow);
        Assert.True(run.ExitCode == 0, run.Out);
        Assert.Equal((2, 1), (run.Json.GetProperty("right_rows").GetInt32(), run.Json.GetProperty("left_out").GetInt32()));
    }

    [Fact]
    public async Task Corrections_are_in_the_figure_and_retries_and_they_are_told_as_causes()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("2.5", operation: "a");
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c1","posting":2,"new_amount":"0.5","reason":"counted twice"}""");
        await world.ChargeAsync("0.125", operation: "a");
        string[] how = ["--org", "acme", "--key", "org", "--amount", "usd", "--unit", "usd"];

        Assert.Equal(0, (await TieAsync(world, "org,usd\nacme,0.625\n", how)).ExitCode);
        Assert.Equal("retry", Text((await TieAsync(world, "org,usd\nacme,0.500\n", how)).Json.GetProperty("rows")[0], "cause"));
        Assert.Equal("correction", Text((await TieAsync(world, "org,usd\nacme,2.625\n", how)).Json.GetProperty("rows")[0], "cause"));
        Assert.Equal("retry+correction", Text((await TieAsync(world, "org,usd\nacme,2.500\n", how)).Json.GetProperty("rows")[0], "cause"));
    }

    [Fact]
    public async Task Without_json_it_is_for_reading_and_the_exit_code_is_the_same()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("2");
        var run = await RunAsync(world, "org,usd\nacme,1.99\n", json: false, "--org", "acme", "--key", "org", "--amount", "usd", "--unit", "usd");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("drift  0.5 %  (normal; 1 of 1 rows differ", run.Out, StringComparison.Ordinal);
    }

    internal static Task<CliRun> TieAsync(ApiWorld world, string file, params string[] options) => RunAsync(world, file, json: true, options);

    internal static async Task<CliRun> RunAsync(ApiWorld world, string file, bool json, params string[] options)
    {
        var path = Path.Combine(world.Folder.FullName, $"right-{Guid.NewGuid():n}.csv");
        await File.WriteAllTextAsync(path, file, new UTF8Encoding(false));
        return await world.RunAsync(["tie", "--left", "ledger", "--right", path, .. options, .. json ? new[] { "--json" } : []]);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
