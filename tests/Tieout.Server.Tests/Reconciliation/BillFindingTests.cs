using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Server.Reconciliation.Surfaces;
using Tieout.Server.Tests.Http;
using Tieout.Tests;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>What a bill is off by is a finding, under one id for one bill, as long as it is off.</summary>
public sealed class BillFindingTests
{
    private static DateTime Day => DateTime.UtcNow.Date;

    private static string Today => Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Tomorrow => Day.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static long From => new DateTimeOffset(Day, TimeSpan.Zero).ToUnixTimeSeconds();

    // Our side is 2.75 each time; WRONG and RIGHT are what the bill says.
    public static TheoryData<string, string, string, string> Bills => new()
    {
        { "openai-costs", "3", "2.75",
            $$"""{"object":"page","data":[{"start_time":{{From}},"end_time":{{From + 86_400}},"results":[{"object":"organization.costs.result","amount":{"value":FIGURE,"currency":"usd"},"line_item":"gpt-4o, input","project_id":"web"}]}],"has_more":false}""" },
        { "anthropic-cost", "300", "275",
            $$"""{"data":[{"starting_at":"{{Today}}T00:00:00Z","ending_at":"{{Tomorrow}}T00:00:00Z","results":[{"amount":"FIGURE","currency":"USD","cost_type":"tokens","model":"gpt-4o"}]}],"has_more":false}""" },
        { "openrouter", "3", "2.75", $$"""{"data":[{"date":"{{Today}}","model":"gpt-4o","provider_name":"OpenAI","usage":FIGURE,"requests":1}]}""" },
        { "focus", "0.25", "0",
            $"BilledCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,SubAccountId,ProviderName\n2.75,Usage,{Today},{Tomorrow},web,OpenAI\nFIGURE,Tax,{Today},{Tomorrow},web,NULL\n" },
        { "opencost", "0.25", "0", $"Date,Namespace,Node,instance_type,TotalCost\n{Today},web,n1,g4dn.xlarge,FIGURE\n" },
    };

    [Theory]
    [MemberData(nameof(Bills))]
    public async Task R1_a_bill_that_is_off_is_one_finding_until_it_ties(string format, string wrong, string right, string file)
    {
        await using var world = await WorldAsync();
        var off = await TieAsync(world, format, file.Replace("FIGURE", wrong, StringComparison.Ordinal), "--key", "day");
        Assert.True(off.ExitCode == 1, off.Out + off.Error);
        var finding = off.Json.GetProperty("finding");
        Assert.Equal(("provider_bill_variance", "open"), (Text(finding, "code"), Text(finding, "state")));
        var said = finding.GetProperty("finding");
        Assert.Equal(("-0.25", "-0.25"), (Text(said, "difference"), Text(off.Json, "difference")));
        Assert.Equal((Text(off.Json, "left_total"), Text(off.Json, "right_total")), (Text(said, "left"), Text(said, "right")));
        Assert.Equal("-0.25", Sum(said));
        Assert.Contains($"--right-format {format}", Text(said, "evidence"), StringComparison.Ordinal);

        // By other fields, and again: the same bill, so the same finding.
        foreach (var key in new[] { "day", format is "opencost" ? "day,project" : "day,model", "day" })
        {
            var again = await TieAsync(world, format, file.Replace("FIGURE", wrong, StringComparison.Ordinal), "--key", key);
            Assert.Equal(Text(finding, "id"), Text(again.Json.GetProperty("finding"), "id"));
        }

        var open = Assert.Single(await FindingsAsync(world, "?open=true"));
        Assert.Equal(Text(finding, "id"), Text(open, "id"));
        Assert.Single(await OpenedAsync(world));

        var ties = await TieAsync(world, format, file.Replace("FIGURE", right, StringComparison.Ordinal), "--key", "day");
        Assert.True(ties.ExitCode == 0, ties.Out + ties.Error);
        Assert.Equal((Text(finding, "id"), "ended"), (Text(ties.Json.GetProperty("finding"), "id"), Text(ties.Json.GetProperty("finding"), "state")));
        Assert.Empty(await FindingsAsync(world, "?open=true"));
    }

    [Fact]
    public async Task Counts_are_a_variance_too_and_their_samples_are_read_into_one()
    {
        await using var world = await WorldAsync();
        var usage =
            $$"""{"object":"page","data":[{"start_time":{{From}},"end_time":{{From + 86_400}},"results":[{"object":"organization.usage.completions.result","input_tokens":100,"input_cached_tokens":40,"output_tokens":25,"num_model_requests":1,"model":"gpt-4o"}]}],"has_more":false}""";
        var counts = (await TieAsync(world, "openai-usage", usage, "--key", "day,model")).Json.GetProperty("finding").GetProperty("finding");
        Assert.Equal("-5", Text(counts, "difference"));
        Assert.Contains("tokens", Text(counts, "cause"), StringComparison.Ordinal);

        var sample = await world.RunAsync(
            "tie", "--right", Repo.SharedData("opencost/allocation_sample.json"), "--right-format", "opencost", "--key", "project", "--from", "2023-01-18",
            "--to", "2023-01-21", "--json");
        var said = sample.Json.GetProperty("finding").GetProperty("finding");
        Assert.Equal(("0.456113", "-0.456113", "-0.456113"), (Text(said, "right"), Text(said, "difference"), Sum(said)));
        var cached = Directory.EnumerateFiles(
            Path.GetDirectoryName(Repo.SharedData("focus/currency_codes.csv"))!, "ai_prompt_caching_a.csv", SearchOption.AllDirectories).Single();
        var focus =
            (await world.RunAsync("tie", "--right", cached, "--right-format", "focus", "--key", "model", "--from", "2025-01-01", "--to", "2026-01-01",
                "--json")).Json.GetProperty("finding").GetProperty("finding");
        Assert.Equal(Text(focus, "difference"), Sum(focus));
        Assert.Equal(3, (await FindingsAsync(world, "?open=true")).Count);
    }

    [Fact]
    public async Task Whoever_only_looks_keeps_nothing()
    {
        await using var world = await WorldAsync();
        var file = OpenRouter("3");
        var dry = await TieAsync(world, "openrouter", file, "--dry-run");
        Assert.Equal((1, "not_kept"), (dry.ExitCode, Text(dry.Json.GetProperty("finding"), "state")));
        foreach (var role in new[] { "viewer", "operator" })
        {
            var token = await world.OkAsync(HttpMethod.Post, "/tokens", $$"""{"role":"{{role}}"}""");
            var seen = await world.OkAsync(HttpMethod.Post, "/ties?format=openrouter&provider=openai", file, Text(token, "token"));
            Assert.Equal("not_kept", Text(seen.GetProperty("finding"), "state"));
        }

        Assert.Empty(await FindingsAsync(world, ""));
        var finance = await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"finance"}""");
        Assert.Equal("open",
            Text((await world.OkAsync(HttpMethod.Post, "/ties?format=openrouter&provider=openai", file, Text(finance, "token"))).GetProperty("finding"),
                "state"));
        Assert.Equal("open", Text((await TieAsync(world, "openrouter", file, "--dry-run")).Json.GetProperty("finding"), "state"));
        Assert.Single(await FindingsAsync(world, ""));
        Assert.Contains("\nfinding  provider_bill_variance-",
            (await TieTests.RunAsync(world, file, json: false, ["--right-format", "openrouter", "--provider", "openai"])).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_person_lets_stand_stands_until_its_figures_change()
    {
        await using var world = await WorldAsync();
        var id = Text((await TieAsync(world, "openrouter", OpenRouter("3"))).Json.GetProperty("finding"), "id")!;
        var accepted = await world.RunAsync("correct", id, "--accept", "--reason", "the provider's minimum fee");
        Assert.True(accepted.ExitCode == 0, accepted.Out + accepted.Error);
        Assert.Equal("accepted", Text((await TieAsync(world, "openrouter", OpenRouter("3"))).Json.GetProperty("finding"), "state"));
        var changed = (await TieAsync(world, "openrouter", OpenRouter("4"))).Json.GetProperty("finding");
        Assert.Equal((id, "open"), (Text(changed, "id"), Text(changed, "state")));
        var more = (await TieAsync(world, "openrouter", OpenRouter("5"))).Json.GetProperty("finding");
        Assert.Equal("-2.25",
            Text(Assert.Single(await FindingsAsync(world, "?code=provider_bill_variance")).GetProperty("detail").GetProperty("finding"), "difference"));
        Assert.Equal(id, Text(more, "id"));

        // Told when it opened, and when it opened again; not when its figures changed while it was open.
        Assert.Equal(2, (await OpenedAsync(world)).Count(body => body.Contains("provider_bill_variance", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_bill_that_the_configuration_has_is_compared_by_schedule_and_stays_one_as_it_grows()
    {
        var file = Path.GetTempFileName();
        try
        {
            var surface = new SurfaceOptions("router", Org: null, "day", Amount: null, Unit: null, new SurfaceSource.InFile(file, "openrouter"),
                TimeSpan.FromMinutes(5), 0)
            { Provider = "openai" };
            await using var world = await ApiWorld.StartAsync(options => options with { Surfaces = [surface] });
            await world.ChargeAsync("2.75", project: "web");
            var ties = world.Server.Services.GetRequiredService<SurfaceTies>();
            await File.WriteAllTextAsync(file, OpenRouter("3"), TestContext.Current.CancellationToken);
            Assert.Null((await ties.CompareAsync(surface, TestContext.Current.CancellationToken)).Failure);
            var first = Assert.Single(await FindingsAsync(world, "?open=true"));
            await File.WriteAllTextAsync(file,
                OpenRouter("3").Replace("]}", $$""",{"date":"{{Tomorrow}}","model":"gpt-4o","usage":1}]}""", StringComparison.Ordinal),
                TestContext.Current.CancellationToken);
            var run = await world.RunAsync("tie", "--right", "surface:router", "--json");
            Assert.Equal((1, Text(first, "id")), (run.ExitCode, Text(run.Json.GetProperty("finding"), "id")));
            Assert.Equal("-1.25", Text(Assert.Single(await FindingsAsync(world, "?open=true")).GetProperty("detail").GetProperty("finding"), "difference"));
            await File.WriteAllTextAsync(file, OpenRouter("2.75"), TestContext.Current.CancellationToken);
            Assert.Equal(0, (await world.RunAsync("tie", "--right", "surface:router")).ExitCode);
            Assert.Empty(await FindingsAsync(world, "?open=true"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_bill_in_the_configuration_has_its_own_unit_and_needs_no_org()
    {
        const string good = "surfaces:\n  bill:\n    kind: file\n    path: /bills/costs.json\n    format: openai-costs\n    every: 1h\n";
        var surface = Assert.Single(TieoutYaml.Read(good, "tieout.yaml", _ => null).Surfaces);
        Assert.Equal((null, "day", null, null), (surface.Org, surface.Key, surface.Amount, surface.Unit));
        foreach (var (text, said) in new[] { (good + "    unit: usd\n",
            "has a unit of its own"), (good.Replace("openai-costs", "csv", StringComparison.Ordinal),
                "needs 'key'"), (good.Replace("openai-costs", "pdf", StringComparison.Ordinal), "'pdf' is not known") })
        {
            Assert.Contains(
                said, Assert.Throws<ConfigurationException>(() => TieoutYaml.Read(text, "tieout.yaml", _ => null)).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>One charge of 2.75 by gpt-4o in the project web.</summary>
    private static async Task<ApiWorld> WorldAsync()
    {
        var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("2.75", project: "web");
        return world;
    }

    private static string OpenRouter(string usage) =>
        $$"""{"data":[{"date":"{{Today}}","model":"gpt-4o","provider_name":"OpenAI","usage":{{usage}},"requests":1}]}""";

    private static Task<CliRun> TieAsync(ApiWorld world, string format, string file, params string[] options) => TieTests.TieAsync(
        world, file, ["--right-format", format, .. format is "anthropic-cost" or "openrouter" ? new[] { "--provider", "openai" } : [], .. options]);

    private static async Task<List<JsonElement>> FindingsAsync(ApiWorld world, string query) =>
        [.. (await world.GetAsync("/findings" + query)).GetProperty("items").EnumerateArray()];

    private static async Task<List<string>> OpenedAsync(ApiWorld world) =>
        [.. (await world.Ledger.Read.OutboxAsync("", 0, 1_000, TestContext.Current.CancellationToken)).Where(message => message.Type == "finding.opened")
            .Select(message => message.Body)];

    private static string Sum(JsonElement finding) =>
        finding.GetProperty("causes").EnumerateArray().Sum(cause => Amount.Parse(Text(cause, "amount")!)).ToString();

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
