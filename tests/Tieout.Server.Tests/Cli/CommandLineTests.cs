using System.Globalization;
using System.Text.Json;
using Tieout.Server.Tests.Errors;
using Tieout.Server.Tests.Http;
using Tieout.Tests;

namespace Tieout.Server.Tests.Cli;

/// <summary>The commands as scripts use them: forms of <c>--json</c>, and what exit codes mean.</summary>
public sealed class CommandLineTests(ErrorTests.Shared shared) : IClassFixture<ErrorTests.Shared>
{
    [Fact]
    public async Task The_first_commands_of_a_newcomer_work_in_their_order()
    {
        await using var world = await ApiWorld.StartAsync();
        string[] commands =
        [
            "org create shop --asset USD --prepaid", "team create --org shop research", "project create --org shop web", "topup shop 1000 --id t1",
            "grant shop 5 --id g1",
            "budget set --org shop --team research --window day --limit 1.00 --hard", "budget list --org shop", "org list", "team list --org shop",
            "key list --org shop",
            "balance shop", "usage shop", "spend --org shop", "spend --by org,day", "distributions", "distributions --org shop --by hour,model",
            "spike", "spike --org shop --since 24h",
            "mitigate apply undo --org shop --kind rate_limit --trigger undo --user * --requests 3 --owner ann --reason test --for 1h",
            "mitigate preview --org shop --kind cost_cap --limit 5 --since 2h", "mitigate suggest --org shop", "mitigate list --org shop", "mitigate effect undo --org shop",
            "mitigate remove undo --org shop",
            "alerts rules set hour --org shop --kind threshold --measure spend --limit 5 --team research --owner ann --reason test",
            "alerts rules set budgets --org shop --kind forecast --owner ann --reason test", "alerts rules list --org shop",
            "alerts rules remove hour --org shop",
            "costs today", "costs today --org shop", "health", "holds", "findings", "prices list", "prices show openai gpt-4o",
            "prices policy shop --markup 1.2 --unknown-model refuse", "project list --org shop", "org show shop",
        ];
        foreach (var command in commands)
        {
            var text = await world.RunAsync(command.Split(' '));
            Assert.True(text.ExitCode == 0, $"{command}: {text.Error}");
            Assert.NotEqual("", text.Out);
            var json = await world.RunAsync([.. command.Split(' '), "--json"]);
            Assert.True(json.ExitCode == 0, $"{command}: {json.Error}");
            Assert.Equal(JsonValueKind.Object, json.Json.ValueKind);
        }
    }

    // A key does not see what providers take, so its answers lack members that a platform token's have.
    [Theory]
    [InlineData("balance acme")]
    [InlineData("usage acme")]
    [InlineData("operation op-1 --org acme")]
    [InlineData("trace op-1 --org acme")]
    [InlineData("spend --org acme --by team,model")]
    [InlineData("distributions --org acme --by team,model")]
    [InlineData("invoice acme 2026-11")]
    [InlineData("costs today --org acme")]
    [InlineData("budget list --org acme")]
    public async Task Commands_that_read_an_org_work_with_a_key_of_the_org(string command)
    {
        await shared.World.ChargeAsync("0.25");
        var (_, key) = await shared.World.KeyAsync();
        foreach (var form in (string[][])[[], ["--json"]])
        {
            var run = await shared.World.RunAsync([.. command.Split(' '), "--token", key, .. form]);
            Assert.True(run.ExitCode == 0, $"{command}: {run.Error}");
            Assert.DoesNotContain("cost\"", run.Out, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("key create --org acme --team red", "id,key")]
    [InlineData("balance acme", "asset,posted,held,available")]
    [InlineData("costs today", "counter_daily_total,ledger_daily_total,usage_daily_total,drift_pct,last_counter_write,last_ledger_write,severity")]
    [InlineData("invoice acme 2026-11", "total_charges,lines,statement")]
    [InlineData("usage acme", "org,items,as_of")]
    [InlineData("operation op-1", "operation_id,attempts,charge")]
    [InlineData("health", "status,writable,queue_depth")]
    [InlineData("budget list --org acme", "org,items")]
    public async Task Json_has_the_names_that_others_rely_on(string command, string names)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1.5");
        var run = await world.RunAsync([.. command.Split(' '), "--json"]);
        Assert.Equal(0, run.ExitCode);
        Assert.All(names.Split(','), name => Assert.True(run.Json.TryGetProperty(name, out _), name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("org create")]
    [InlineData("org create x")]
    [InlineData("org create x --prepaid --postpaid")]
    [InlineData("topup acme 5")]
    [InlineData("topup acme five --id x")]
    [InlineData("topup acme -5 --id x")]
    [InlineData("topup acme 0.0000000001 --id x")]
    [InlineData("topup nobody 5 --id x")]
    [InlineData("topup acme 6 --id first")]
    [InlineData("budget set --org acme --window fortnight --limit 1 --hard")]
    [InlineData("budget set --org acme --window day --limit 1")]
    [InlineData("budget set --org acme --window day --limit 1 --hard --thresholds a,b")]
    [InlineData("usage acme --format xml")]
    [InlineData("invoice acme november")]
    [InlineData("balance nobody")]
    [InlineData("balance acme --token wrong")]
    [InlineData("balance acme --server nowhere")]
    [InlineData("rate /no/such/file")]
    [InlineData("replay /no/such/file --org acme --key k --model m")]
    [InlineData("serve --listen nonsense")]
    [InlineData("serve --config /no/such/file.yaml")]
    [InlineData("bench ledger --batch 0")]
    [InlineData("bench ledger --nodes 2")]
    [InlineData("bench ledger --rate 100")]
    [InlineData("bench ledger --mode single-hold --rate 0")]
    [InlineData("demo --minutes soon")]
    public async Task Wrong_usage_ends_with_2_and_one_sentence(string command)
    {
        foreach (var asJson in new[] { false, true })
        {
            var args = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var run = await shared.World.RunAsync(asJson ? [.. args, "--json"] : args);
            Assert.True(run.ExitCode == 2, $"{run.ExitCode}: {run.Out}{run.Error}");
            Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
            if (asJson) Assert.NotEmpty(JsonDocument.Parse(run.Error).RootElement.GetProperty("error").GetProperty("message").GetString()!);
            else Assert.StartsWith("tieout: ", run.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("balance acme")]
    [InlineData("health")]
    [InlineData("verify --data /no/such/folder")]
    public async Task What_cannot_be_reached_ends_with_3(string command)
    {
        var run = await CliRun.StartAsync(command.Split(' '), name => name == "TIEOUT_URL" ? "http://127.0.0.1:9" : null);
        Assert.True(run.ExitCode == 3, run.Error);
        Assert.StartsWith("tieout: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_or_an_address_that_another_has_ends_serve_with_3_and_says_which()
    {
        await using var world = await ApiWorld.StartAsync();
        var free = Directory.CreateTempSubdirectory("tieout-");
        try
        {
            var folder = await world.RunAsync("serve", "--data", world.Folder.FullName, "--listen", "http://127.0.0.1:0");
            Assert.Equal(3, folder.ExitCode);
            Assert.Contains($"{world.Folder.FullName} is in use", folder.Error, StringComparison.Ordinal);
            var address = await world.RunAsync("serve", "--data", free.FullName, "--listen", world.Url);
            Assert.Equal(3, address.ExitCode);
            Assert.Contains(world.Url, address.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", address.Error, StringComparison.Ordinal);
        }
        finally
        {
            free.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Broken_yaml_ends_serve_with_2_and_line_and_column()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "listen: http://127.0.0.1:0\nproviders: [1\n", TestContext.Current.CancellationToken);
        var run = await CliRun.StartAsync(["serve", "--config", file], _ => null);
        File.Delete(file);
        Assert.Equal(2, run.ExitCode);
        Assert.Matches(@":\d+:\d+: ", run.Error);
    }

    [Fact]
    public async Task Findings_end_with_1_with_json_and_without()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("5000");
        foreach (var args in new[] { new[] { "findings" }, ["findings", "--json"], ["findings", "--org", "acme", "--json"] })
        {
            var run = await world.RunAsync(args);
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("overrun", run.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_written_is_a_failed_check_and_not_an_unreachable_one()
    {
        await using var world = await ApiWorld.StartAsync();
        world.Ledger.Broken = _ => true;
        var run = await world.RunAsync("health", "--json");
        Assert.Equal((1, false), (run.ExitCode, run.Json.GetProperty("writable").GetBoolean()));
        Assert.Equal(3, (await world.RunAsync("topup", "acme", "1", "--id", "x")).ExitCode);
    }

    [Fact]
    public async Task Verify_is_clean_beside_a_running_server_and_says_what_it_checked()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync(amount: null);
        var run = await world.RunAsync("verify", "--data", world.Folder.FullName, "--json");
        Assert.Equal((0, true), (run.ExitCode, run.Json.GetProperty("ok").GetBoolean()));
        Assert.All(run.Json.GetProperty("checks").EnumerateArray(), check => Assert.Equal(0, check.GetProperty("broken").GetInt64()));
        Assert.Contains(run.Json.GetProperty("checks").EnumerateArray(),
            check => check.GetProperty("id").GetString() == "L1" && check.GetProperty("checked").GetInt64() > 0);
    }

    [Fact]
    public async Task M3_a_charge_that_its_price_does_not_come_to_is_broken_and_ends_with_1()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1.5");
        foreach (var args in new[] { new[] { "verify", "--data", world.Folder.FullName }, ["verify", "--data", world.Folder.FullName, "--json"] })
        {
            var run = await world.RunAsync(args);
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("M3", run.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_invoice_page_is_written_where_it_is_asked_for()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1.5");
        var file = Path.Combine(world.Folder.FullName, "invoice.html");
        var month = DateTime.UtcNow.ToString("yyyy-MM", CultureInfo.InvariantCulture);
        Assert.Equal(0, (await world.RunAsync("invoice", "acme", month, "--html", file)).ExitCode);
        Assert.Contains("1.50", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rate_answers_in_the_golden_form_and_order()
    {
        var file = Repo.SharedData("usage-golden/usages.json");
        var run = await CliRun.StartAsync(["rate", file, "--format", "golden", "--json"], _ => null);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(952, run.Json.GetProperty("items").GetArrayLength());
        Assert.All(run.Json.GetProperty("items").EnumerateArray(), item => Assert.True(item.TryGetProperty("extracted", out _)));
    }

    [Fact]
    public async Task An_imported_price_list_shows_and_is_the_same_list_only_with_the_same_content()
    {
        await using var world = await ApiWorld.StartAsync();
        string[] import = ["prices", "import", Repo.SharedData("prices/genai-prices-v2.json"), "--format", "genai-prices", "--effective", "2026-12-01",
            "--json"];
        Assert.Equal("genai-prices@2026-12-01", (await world.RunAsync(import)).Json.GetProperty("id").GetString());
        Assert.Equal(0, (await world.RunAsync(import)).ExitCode);
        var lists = (await world.RunAsync("prices", "list", "--json")).Json.GetProperty("items");
        Assert.Equal(2, lists.GetArrayLength());
    }

    [Fact]
    public async Task The_demo_fills_a_budget_until_it_refuses_and_its_numbers_tie_out()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-demo-");
        try
        {
            var run = await CliRun.StartAsync(
                ["demo", "--listen", "http://127.0.0.1:0", "--data", folder.FullName, "--minutes", "0", "--requests", "1500", "--exit", "--json"], _ => null);

            Assert.True(run.ExitCode == 0, run.Out + run.Error);
            Assert.True(run.Json.GetProperty("replay").GetProperty("refused").GetProperty("402").GetInt64() > 0);
            Assert.Equal(run.Json.GetProperty("replay").GetProperty("cost").GetString(),
                run.Json.GetProperty("costs_today").GetProperty("ledger_daily_total").GetString());
            Assert.True(run.Json.GetProperty("verify").GetProperty("ok").GetBoolean());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
