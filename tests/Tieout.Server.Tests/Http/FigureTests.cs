using System.Globalization;
using System.Net;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Server.Reconciliation;

namespace Tieout.Server.Tests.Http;

/// <summary>What the API says of money, and that all of it says the same.</summary>
public sealed class FigureTests
{
    private static string ThisMonth => DateTime.UtcNow.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    [Fact]
    public async Task After_1000_is_topped_up_and_1_5_spent_the_balance_is_998_5()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1.5");

        var balance = await world.GetAsync("/orgs/acme/balance");

        Assert.Equal(("USD", "998.5", "0", "998.5"), (Text(balance, "asset"), Text(balance, "posted"), Text(balance, "held"), Text(balance, "available")));
        Assert.True(balance.GetProperty("as_of").GetInt64() > 0);
    }

    [Fact]
    public async Task An_org_without_a_floor_has_no_figure_for_what_is_available()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"late","asset":"EUR","billing":"postpaid"}""");
        Assert.Equal(JsonValueKind.Null, (await world.GetAsync("/orgs/late/balance")).GetProperty("available").ValueKind);
    }

    [Fact]
    public async Task L3_the_same_top_up_twice_is_one_top_up()
    {
        await using var world = await ApiWorld.StartAsync();
        using var first = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"amount":"5"}""", idempotencyKey: "pay-1");
        using var second = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"amount":"5.00","id":"pay-1"}""");

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal("1005", Text(await world.GetAsync("/orgs/acme/balance"), "posted"));
        using var without = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"amount":"5"}""");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(without, HttpStatusCode.BadRequest));
        using var torn = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"amount":"5","id":"a"}""", idempotencyKey: "b");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(torn, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Teams_and_orgs_made_twice_are_there_once()
    {
        await using var world = await ApiWorld.StartAsync();
        using var team = await world.SendAsync(HttpMethod.Post, "/orgs/acme/teams", """{"name":"red"}""");
        using var org = await world.SendAsync(HttpMethod.Post, "/orgs", """{"id":"acme","asset":"USD","billing":"prepaid"}""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (team.StatusCode, org.StatusCode));
        Assert.Equal(1, (await world.GetAsync("/orgs/acme/teams")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Q1_usage_balance_budget_invoice_and_costs_say_the_same_to_the_nano_unit()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", """{"window":"month","limit":"500","hard":true}""");
        var (key, _) = await world.KeyAsync(team: "red");
        string[] charges = ["0.000000001", "1.5", "0.123456789", "2", "0"];
        for (var i = 0; i < charges.Length; i++)
        {
            await world.ChargeAsync(
                charges[i], team: i % 2 == 0 ? "red" : null, key: i % 2 == 0 ? key : null, project: i == 3 ? "p" : null, operation: $"op-{i}");
        }

        var expected = charges.Sum(charge => Amount.Parse(charge));
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c1","posting":3,"new_amount":"1","reason":"half was ours"}""");
        expected -= Amount.Parse("0.5");

        var invoice = await world.GetAsync($"/orgs/acme/invoices/{ThisMonth}");
        Assert.Equal(expected.ToString(), Text(invoice, "total_charges"));
        Assert.Equal(expected, Sum(invoice.GetProperty("lines"), "charge"));
        Assert.Equal(Amount.Parse("-0.5"), Sum(invoice.GetProperty("lines"), "corrections"));
        var statement = invoice.GetProperty("statement");
        Assert.Equal(("0", "1000"), (Text(statement, "opening"), Text(statement, "top_ups")));
        Assert.Equal(Text(await world.GetAsync("/orgs/acme/balance"), "posted"), Text(statement, "closing"));
        Assert.Equal((Amount.Parse("1000") - expected).ToString(), Text(statement, "closing"));

        var costs = await world.GetAsync("/orgs/acme/costs/today");
        Assert.All(new[] { "counter_daily_total", "ledger_daily_total", "usage_daily_total" }, name => Assert.Equal(expected.ToString(), Text(costs, name)));
        Assert.Equal((0m, "normal"), (costs.GetProperty("drift_pct").GetDecimal(), Text(costs, "severity")));
        Assert.Equal(expected.ToString(), Text((await world.GetAsync("/orgs/acme/budgets")).GetProperty("items")[0], "posted"));

        // Usage rows say what was charged at first; the corrections are rows beside them.
        var usage = await world.GetAsync("/orgs/acme/usage");
        Assert.Equal(expected, Sum(usage.GetProperty("items"), "charge"));
        Assert.Equal((expected.ToString(), "-0.5"), (Text(usage.GetProperty("sum"), "charge"), Text(usage.GetProperty("sum"), "corrections")));
    }

    [Fact]
    public async Task Pages_of_usage_hold_every_row_once_and_the_csv_holds_all_of_them()
    {
        await using var world = await ApiWorld.StartAsync();
        for (var i = 0; i < 25; i++) await world.ChargeAsync("0.01", operation: $"op-{i}");

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await world.GetAsync($"/orgs/acme/usage?order=oldest&limit=10{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(item => Text(item, "usage_id")));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        using var csv = await world.SendAsync(HttpMethod.Get, "/orgs/acme/usage?format=csv");
        var lines = (await csv.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(25, seen.Distinct().Count());
        Assert.Equal(25, seen.Count);
        Assert.Equal("text/csv", csv.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith(
            "usage_id,operation_id,occurred_at,org_id,project_id,team_id,key_id,user_id,feature,usage_source,trigger_type,provider,model,input_tokens,cache_read_tokens,"
            + "cache_write_tokens,output_tokens,reasoning_tokens,provider_cost,charge,correlation_id,trace_id,basis,", lines[0], StringComparison.Ordinal);
        Assert.Equal(seen, lines[1..].Select(line => line.Split(',')[0]));
    }

    [Fact]
    public async Task A_cell_that_a_spreadsheet_would_run_is_exported_as_text()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("0.01", model: "=cmd|' /C calc'!A0");
        using var csv = await world.SendAsync(HttpMethod.Get, "/orgs/acme/usage?format=csv");
        var row = (await csv.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n')[1];
        Assert.DoesNotContain(",=cmd", row, StringComparison.Ordinal);
        Assert.Contains("'=cmd", row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_is_filtered_by_what_is_asked()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1", team: "red", operation: "a");
        await world.ChargeAsync("2", project: "p", operation: "b");
        async Task<int> CountAsync(string query) => (await world.GetAsync($"/orgs/acme/usage?{query}")).GetProperty("items").GetArrayLength();
        var tomorrow = DateTime.UtcNow.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        Assert.Equal(
            (1, 1, 0, 2), (await CountAsync("team=red"), await CountAsync("operation=b"), await CountAsync("project=q"), await CountAsync("model=gpt-4o")));
        Assert.Equal((2, 0), (await CountAsync($"to={tomorrow}"), await CountAsync($"from={tomorrow}")));
    }

    [Fact]
    public async Task An_operation_shows_each_attempt_with_its_charge()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("0.25", operation: "op/with:odd@name");
        await world.ChargeAsync("0.5", operation: "op/with:odd@name", trigger: "retry");

        var operation = await world.GetAsync("/orgs/acme/operations/op/with:odd@name");

        Assert.Equal(("0.75", true), (Text(operation, "charge"), operation.GetProperty("settled").GetBoolean()));
        Assert.Equal(["0.25", "0.5"], operation.GetProperty("attempts").EnumerateArray().Select(attempt => Text(attempt.GetProperty("usage"), "charge")));
    }

    [Fact]
    public async Task An_invoice_is_a_page_too_and_closing_its_period_says_so()
    {
        await using var world = await ApiWorld.StartAsync();
        var past = DateTime.UtcNow.AddMonths(-1).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        using var page = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/invoices/{ThisMonth}?format=html");

        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("Closing balance", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("open", Text(await world.GetAsync($"/orgs/acme/invoices/{past}"), "status"));
        Assert.Equal("closed", Text(await world.OkAsync(HttpMethod.Post, $"/orgs/acme/invoices/{past}/close"), "status"));
        Assert.Equal(past, Text(await world.GetAsync("/orgs/acme"), "closed_through"));
    }

    [Fact]
    public async Task Costs_of_orgs_in_several_assets_are_not_added_up()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("3");
        Assert.Equal("3", Text(await world.GetAsync("/costs/today"), "counter_daily_total"));
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"euro","asset":"EUR","billing":"postpaid"}""");

        using var all = await world.SendAsync(HttpMethod.Get, "/costs/today");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(all, HttpStatusCode.BadRequest));
        Assert.Equal("3", Text(await world.GetAsync("/costs/today?asset=USD"), "ledger_daily_total"));
    }

    [Theory]
    [InlineData("10", "10", "10", 0)]
    [InlineData("10", "9", "10", 10)]
    [InlineData("10", "10", "12", 20)]
    [InlineData("0", "0.1", "0", 100)]
    [InlineData("1000000", "1000000.000000001", "1000000", 0.000001)]
    public void Drift_is_the_largest_difference_and_never_0_where_there_is_one(string ledger, string counter, string usage, double expected) =>
        Assert.Equal((decimal)expected, CostEndpoints.DriftPct(Amount.Parse(ledger), Amount.Parse(counter), Amount.Parse(usage)));

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static Amount Sum(JsonElement items, string name) => items.EnumerateArray().Sum(item => Amount.Parse(Text(item, name)));
}
