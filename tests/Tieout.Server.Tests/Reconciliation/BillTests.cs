using System.Globalization;
using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Reconciliation.Bills;
using Tieout.Server.Tests.Http;
using Tieout.Tests;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>Provider bills as the right side, in the forms in which providers give them. Units differ by 100 between forms that look alike.</summary>
public sealed class BillTests
{
    private static DateTime Day => DateTime.UtcNow.Date;

    private static string Today => Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static long From => new DateTimeOffset(Day, TimeSpan.Zero).ToUnixTimeSeconds();

    [Theory]
    [InlineData("2.75", 0)]
    [InlineData("\"2.75\"", 0)]
    [InlineData("2.7500000000000004", 0)]
    [InlineData("275", 1)]
    public async Task OpenAI_bills_dollars(string value, int exitCode)
    {
        await using var world = await WorldAsync();
        var run = await TieAsync(world, "openai-costs", OpenAiCosts(value), "--org", "acme", "--key", "day");
        Assert.True(run.ExitCode == exitCode, run.Out + run.Error);
        Assert.Equal("provider_cost", Text(run.Json, "figure"));
        if (exitCode == 1) Assert.Equal("unit", Text(run.Json.GetProperty("rows")[0], "cause"));
    }

    [Theory]
    [InlineData("275", 0)]
    [InlineData("275.00", 0)]
    [InlineData("2.75", 1)]
    public async Task Anthropic_bills_cents(string amount, int exitCode)
    {
        await using var world = await WorldAsync();
        var run = await TieAsync(world, "anthropic-cost", AnthropicCost($"\"{amount}\""), "--provider", "openai");
        Assert.True(run.ExitCode == exitCode, run.Out + run.Error);
        if (exitCode == 1) Assert.Equal("unit", Text(run.Json.GetProperty("rows")[0], "cause"));
        Assert.Equal(2, (await TieAsync(world, "anthropic-cost", AnthropicCost(amount), "--provider", "openai")).ExitCode);
    }

    [Fact]
    public void A_configuration_may_name_exactly_the_formats_that_are_read() =>
        Assert.Equal(BillFormat.All.Keys.Order(StringComparer.Ordinal), BillFormatNames.All.Order(StringComparer.Ordinal));

    [Fact]
    public async Task A_bill_is_of_the_whole_platform_and_compared_by_what_it_can_be()
    {
        await using var world = await WorldAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"beta","asset":"USD","billing":"postpaid"}""");
        await world.ChargeAsync("1", "beta", project: "web", model: "gpt-4o-mini");
        var bill = Page($$"""
            {"object":"organization.costs.result","amount":{"value":2.75,"currency":"usd"},"line_item":"gpt-4o, input","project_id":"web"},
            {"object":"organization.costs.result","amount":{"value":0.4,"currency":"usd"},"line_item":"gpt-4o-mini, input","project_id":"web"},
            {"object":"organization.costs.result","amount":{"value":0.6,"currency":"usd"},"line_item":"gpt-4o-mini, output","project_id":"web"}
            """);
        Assert.Equal(0, (await TieAsync(world, "openai-costs", bill, "--key", "day,model")).ExitCode);
        Assert.Equal(0, (await TieAsync(world, "openai-costs", bill, "--key", "project")).ExitCode);
        var one = await TieAsync(world, "openai-costs", bill, "--key", "day,model", "--org", "acme");
        Assert.Equal("unknown_model", Text(one.Json.GetProperty("rows").EnumerateArray().Single(row => Text(row, "model") == "gpt-4o-mini"), "cause"));
        Assert.Equal(2, (await TieAsync(world, "openai-costs", bill, "--key", "key")).ExitCode);
    }

    [Fact]
    public async Task Usage_reports_are_compared_token_by_token()
    {
        await using var world = await WorldAsync();
        var openAi =
            Page("""{"object":"organization.usage.completions.result","input_tokens":100,"input_cached_tokens":40,"output_tokens":20,"num_model_requests":1,"model":"gpt-4o"}""");
        Assert.Equal(0, (await TieAsync(world, "openai-usage", openAi, "--key", "day,model")).ExitCode);
        var run = await TieAsync(
            world, "openai-usage", openAi.Replace("\"output_tokens\":20", "\"output_tokens\":25", StringComparison.Ordinal), "--key", "day,model");
        var row = run.Json.GetProperty("rows").EnumerateArray().Single(row => Text(row, "cause") is not null);
        Assert.Equal(("output_tokens", "20", "25", "-5"), (Text(row, "measure"), Text(row, "left"), Text(row, "right"), Text(row, "difference")));

        // The classes of input are disjoint here: 100 in all is 60 uncached and 40 read.
        var anthropic = $$"""
            {"data":[{"starting_at":"{{Today}}T00:00:00Z","ending_at":"{{Day.AddDays(1):yyyy-MM-dd}}T00:00:00Z","results":[
             {"uncached_input_tokens":60,"cache_read_input_tokens":40,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":20,"model":"gpt-4o"}]}],"has_more":false}
            """;
        Assert.Equal(0, (await TieAsync(world, "anthropic-usage", anthropic, "--key", "day,model", "--provider", "openai")).ExitCode);
    }

    [Fact]
    public async Task OpenRouter_bills_dollars_by_model()
    {
        await using var world = await WorldAsync();
        var bill = $$"""{"data":[{"date":"{{Today}}","model":"gpt-4o","provider_name":"OpenAI","usage":2.75,"requests":1}]}""";
        Assert.Equal(0, (await TieAsync(world, "openrouter", bill, "--key", "day,model", "--provider", "openai")).ExitCode);
    }

    [Theory]
    [InlineData("openai-costs", """{"object":"page"}""")]
    [InlineData("openai-costs", """{"object":"page","data":[],"has_more":true}""")]
    [InlineData("openai-costs", """[]x""")]
    [InlineData("openai-costs",
        """{"data":[{"start_time":1,"end_time":86401,"results":[{"object":"organization.costs.result","amount":{"value":1,"currency":"eur"}}]}]}""")]
    [InlineData("openai-costs",
        """{"data":[{"start_time":1,"end_time":86401,"results":[{"object":"organization.costs.result","amount":{"value":"1,000","currency":"usd"}}]}]}""")]
    [InlineData("openai-costs", """{"data":[{"start_time":1,"end_time":86401,"results":[{"object":"organization.usage.completions.result"}]}]}""")]
    [InlineData("openai-usage",
        """{"data":[{"start_time":86400,"end_time":172800,"results":[{"object":"organization.usage.completions.result","input_tokens":-1}]}]}""")]
    [InlineData("anthropic-cost", """{"data":[{"starting_at":"yesterday","ending_at":"2026-01-01T00:00:00Z","results":[]}]}""")]
    [InlineData("openrouter", """{"data":[{"date":"2026-01-01","usage":1}]}""")]
    [InlineData("openrouter", """{"data":[{"date":"1/2/26","model":"m","usage":1}]}""")]
    [InlineData("opencost", """{"code":500,"data":null}""")]
    [InlineData("focus", "BilledCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd\n1,Usage,4/1/26,4/2/26\n")]
    [InlineData("focus", "BilledCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd\n1,Fee,2026-04-01,2026-04-02\n")]
    public async Task What_is_not_the_bill_that_it_is_said_to_be_is_refused(string format, string file)
    {
        await using var world = await ApiWorld.StartAsync();
        var run = await TieAsync(world, format, file);
        Assert.True(run.ExitCode == 2, run.Out + run.Error);
        Assert.Contains("file_invalid", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FOCUS_files_as_exports_write_them_are_compared()
    {
        await using var world = await WorldAsync();
        var tomorrow = Day.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var file = "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,SubAccountId,ProviderName,SkuPriceDetails\n"
            + $"2,USD,Usage,{Today} 00:00:00,{tomorrow} 00:00:00,web,OpenAI,\"{{\"\"ModelId\"\": \"\"gpt-4o\"\"}}\"\n"
            + $"0.75,USD,Usage,{Today}T00:00:00Z,{tomorrow}T00:00:00Z,web,OpenAI,\"{{\"\"ModelId\"\": \"\"gpt-4o\"\"}}\"\n"
            + $"0.5225,USD,Tax,{Today}T00:00:00Z,{tomorrow}T00:00:00Z,web,NULL,NULL\n";
        var run = await TieAsync(world, "focus", file, "--key", "day,project");
        var row = Assert.Single(run.Json.GetProperty("rows").EnumerateArray());
        Assert.Equal(("tax", "-0.5225"), (Text(row, "cause"), Text(row, "difference")));
        Assert.Equal(0, (await TieAsync(world, "focus", file.Replace("0.5225", "0", StringComparison.Ordinal), "--key", "day,project")).ExitCode);
    }

    [Fact]
    public async Task Every_FOCUS_sample_is_compared_or_refused_with_its_line()
    {
        await using var world = await ApiWorld.StartAsync();
        var folder = Path.GetDirectoryName(Repo.SharedData("focus/currency_codes.csv"))!;
        var outcomes = new Dictionary<string, int>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.csv", SearchOption.AllDirectories).Where(
            file => file.Contains("examples", StringComparison.Ordinal) || file.Contains("draft", StringComparison.Ordinal)))
        {
            var run = await world.RunAsync(
                "tie", "--right", file, "--right-format", "focus", "--key", "model", "--from", "2025-01-01", "--to", "2026-01-01", "--json");
            outcomes[Path.GetFileName(file)] = run.ExitCode;
            if (run.ExitCode == 2) Assert.Contains("Line ", run.Error, StringComparison.Ordinal);
        }

        // The files of 1.2 write days as 5/1/25, which could be two days.
        Assert.Equal(5, outcomes.Count(outcome => outcome.Value < 2));
        Assert.Equal((1, 0), (outcomes["ai_prompt_caching_a.csv"], outcomes["correction_closed_period_scenario_1_ledger.csv"]));
    }

    [Fact]
    public async Task The_sample_of_OpenCost_is_read()
    {
        await using var world = await ApiWorld.StartAsync();
        var run = await world.RunAsync(
            "tie", "--right", Repo.SharedData("opencost/allocation_sample.json"), "--right-format", "opencost", "--key", "project", "--from", "2023-01-18",
            "--to", "2023-01-21", "--json");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("0.456113", Text(run.Json, "right_total"));
        Assert.Equal(0, run.Json.GetProperty("quarantine").GetProperty("rows").GetInt32());
    }

    [Fact]
    public async Task A_node_that_OpenCost_emits_twice_counts_once_and_the_tenants_see_the_difference()
    {
        await using var world = await ApiWorld.StartAsync();
        var file = "Date,Namespace,Node,instance_type,TotalCost\n2026-11-01,a,n1,g4dn.xlarge,10\n2026-11-01,a,n1,,42.5\n2026-11-01,b,n2,,3\n2026-11-01,__idle__,n1,g4dn.xlarge,1\n2026-11-02,a,n1,,7\n";
        var run = await TieAsync(world, "opencost", file, "--key", "day,project");
        var set = run.Json.GetProperty("quarantine");
        Assert.Equal((1, "42.5"), (set.GetProperty("rows").GetInt32(), Text(set, "amount")));
        var tenants = set.GetProperty("tenants").EnumerateArray().ToDictionary(
            tenant => Text(tenant, "tenant") ?? "none", tenant => (Text(tenant, "before"), Text(tenant, "after")));
        Assert.Equal((("59.5", "17"), ("3", "3"), ("1", "1")), (tenants["a"], tenants["b"], tenants["none"]));
        Assert.Equal("21", Text(run.Json, "right_total"));
        Assert.Equal("idle", Text(run.Json.GetProperty("rows").EnumerateArray().Single(row => Text(row, "project") is null), "cause"));
    }

    // Goal: no file makes the server fail. Method: valid files with bytes changed, cut or repeated; whatever comes, it is compared or refused.
    [Fact]
    public async Task No_file_makes_the_server_fail()
    {
        await using var world = await WorldAsync();
        var random = new Random(20261122);
        (string Format, string Text)[] files =
        [
            ("openai-costs", OpenAiCosts("2.75")), ("anthropic-cost", AnthropicCost("\"275\"")),
            ("openai-usage", Page("""{"object":"organization.usage.completions.result","input_tokens":100,"output_tokens":20,"model":"gpt-4o\ud83d"}""")),
            ("openrouter", $$"""{"data":[{"date":"{{Today}}","model":"gpt-4o","usage":2.75},3,null,[]]}"""),
            ("opencost", await File.ReadAllTextAsync(Repo.SharedData("opencost/allocation_sample.json"), Token)),
            ("opencost",
                "Date,Namespace,Node,instance_type,TotalCost\n2026-11-01,a,n1,x,9000000000\n2026-11-01,a,n1,,9000000000\n2026-11-01,a,n1,,9000000000\n"),
            ("focus", $"BilledCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,SkuPriceDetails\n2,Usage,{Today},{Today}T12:00:00Z,\"{{}}\"\n"),
            ("csv", $"day,usd\n{Today},9000000000\n{Today},9000000000\n"),
            ("jsonl", $"{{\"day\":\"{Today}\",\"usd\":1e9}}\n{{\"day\":\"\\ud800\",\"usd\":1}}\n"),
        ];
        for (var i = 0; i < 600; i++)
        {
            var (format, text) = files[i % files.Length];
            var bytes = System.Text.Encoding.UTF8.GetBytes(text).ToList();
            for (var change = i < files.Length ? 0 : random.Next(1, 6); change > 0 && bytes.Count > 1; change--)
            {
                var at = random.Next(bytes.Count);
                if (random.Next(4) == 0) bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                else if (random.Next(3) == 0) bytes.InsertRange(at, bytes.GetRange(0, Math.Min(random.Next(60), bytes.Count)));
                else bytes[at] = (byte)"0{}[]\",:-9e.\n \u00ff"[random.Next(15)];
            }

            using var request = new HttpRequestMessage(HttpMethod.Post,
                $"/api/v1/orgs/acme/ties?format={format}&key={(format is "openai-usage" ? "day,model" : "day")}&amount={(format is "csv" or "jsonl" ? "usd" : "")}&unit=usd")
            { Content = new ByteArrayContent([.. bytes]) };
            request.Headers.Authorization = new("Bearer", ApiWorld.Admin);
            using var response = await world.Http.SendAsync(request, Token);
            Assert.True((int)response.StatusCode is 200 or 400,
                $"{i} {format}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Token)}\n{System.Text.Encoding.UTF8.GetString([.. bytes])}");
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>One charge of 2.75 by gpt-4o in the project web: 100 tokens in, 40 of them cached, and 20 out.</summary>
    private static async Task<ApiWorld> WorldAsync()
    {
        var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("2.75", project: "web");
        return world;
    }

    private static string OpenAiCosts(string value) =>
        Page($$"""{"object":"organization.costs.result","amount":{"value":{{value}},"currency":"usd"},"line_item":null,"project_id":null}""");

    private static string Page(string results) => $$"""
        {"object":"page","data":[{"object":"bucket","start_time":{{From}},"end_time":{{From + 86_400}},"results":[{{results}}]}],"has_more":false,"next_page":null}
        """;

    private static string AnthropicCost(string amount) => $$"""
        {"data":[{"starting_at":"{{Today}}T00:00:00Z","ending_at":"{{Day.AddDays(1):yyyy-MM-dd}}T00:00:00Z","results":[{"amount":{{amount}},"currency":"USD","cost_type":"tokens","model":"gpt-4o"}]}],"has_more":false,"next_page":null}
        """;

    private static async Task<CliRun> TieAsync(ApiWorld world, string format, string file, params string[] options) =>
        await TieTests.TieAsync(world, file, ["--right-format", format, .. options]);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
