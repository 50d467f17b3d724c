using System.Net;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Invoicing;

namespace Tieout.Server.Tests.Metering;

/// <summary>Lists and exports of usage against the invoice, and against each other.</summary>
public sealed class UsageListTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: any export sums to the ledger. Method: random charges and corrections around a month, some of them after the month is closed, so that a correction
    // counts in another month than its usage; each form of the month sums to the invoice, and each form of all time to all postings.
    [Theory]
    [InlineData("UTC")]
    [InlineData("Asia/Kolkata")]
    [InlineData("America/New_York")]
    public async Task I1_any_export_of_a_month_sums_to_its_invoice(string zone)
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", zone, seed: 17);
        await traffic.RandomAsync(150);
        await world.OkAsync(HttpMethod.Post, $"/orgs/org-1/invoices/{traffic.Month}/close");
        await traffic.RandomAsync(150);
        var invoice = await world.GetAsync($"/orgs/org-1/invoices/{traffic.Month}");
        var total = Amount.Parse(invoice.GetProperty("total_charges").GetString()!);
        var range = $"from={traffic.Month}-01&to={traffic.Month.Next}-01";
        Assert.Equal([total, total, total, total, total], await SumsAsync(world, range));
        var spend = await world.GetAsync("/orgs/org-1/spend?from=2020-01-01&to=2100-01-01");
        var all = Amount.Parse(spend.GetProperty("total").GetProperty("charge").GetString()!);
        Assert.NotEqual(total, all);
        Assert.Equal([all, all, all, all, all], await SumsAsync(world, "order=oldest"));
        Assert.Contains((await CsvAsync(world, "")).Rows, row => row["kind"] == "reversal" && row["charge"].StartsWith('-'));
    }

    // Goal: every column filters, and count and sum are of the whole filter. Method: each column with a value that some row has, against the rows of a full
    // export.
    [Fact]
    public async Task Every_column_filters_and_count_and_sum_are_of_the_whole_filter()
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", "UTC", seed: 18);
        await traffic.RandomAsync(200);
        await world.ChargeAsync("0.5", org: "org-1", operation: "op-x");
        var rows = (await CsvAsync(world, "")).Rows;
        (string Name, string Column, string Value)[] filters =
        [
            ("project", "project_id", "web"), ("team", "team_id", "red"), ("key", "key_id", "key_1"), ("feature", "feature", "chat"),
            ("provider", "provider", "openai"), ("model", "model", "own"), ("source", "usage_source", "app_runtime"), ("trigger", "trigger_type", "retry"),
            ("app_instance", "app_instance_id", "rent-1"), ("component", "runtime_component", "head"), ("control_plane", "control_plane_component", "true"),
            ("operation", "operation_id", "op-x"), ("status", "status_code", "500"), ("basis", "basis", "reported"),
        ];
        foreach (var (name, column, value) in filters)
        {
            var expected = rows.Where(row => row[column] == value).ToList();
            Assert.True(expected.Count > 0 && expected.Count < rows.Count || name == "basis", name);
            var page = await world.GetAsync($"/orgs/org-1/usage?limit=2&{name}={value}");
            Assert.All(page.GetProperty("items").EnumerateArray(), item => Assert.Equal(value, item.GetProperty(column).ToString().ToLowerInvariant()));
            Assert.Equal((name, expected.Count(row => row["kind"] == "usage")), (name, page.GetProperty("count").GetInt32()));
            Assert.Equal(
                (Sum(expected, "charge"), Sum(expected, "provider_cost")),
                (SumOf(page, "charge"), SumOf(page, "provider_cost")));
            Assert.Equal(expected.Count, (await CsvAsync(world, $"&{name}={value}")).Rows.Count);
        }

        var failed = await world.GetAsync("/orgs/org-1/usage?status=failed&team=red");
        Assert.Equal(
            rows.Count(row => row["status_code"] == "500" && row["team_id"] == "red" && row["kind"] == "usage"), failed.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Ids_flags_and_runtime_labels_filter_under_each_of_their_names()
    {
        await using var world = await ApiWorld.StartAsync();
        var labels = new UsageLabels
        {
            Org = "acme",
            Source = UsageSource.AppRuntime,
            Runtime = new("rent-1", "worker", IsControlPlane: false, "burst", "project", "k8s"),
        };
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, "op-1", 1, "wf-1", "corr-9", "trace-1", "ana", Instant.From(DateTimeOffset.UtcNow), 12, 200,
            new(1, 0, 0, 1, 0), UsageBasis.Estimated, UsageFlags.CutShort);
        await world.Ledger.SubmitAsync(new Command.Charge(new(usage, null, Amount.Zero, new Amount(7)), Fact: true), Stop);
        await world.ChargeAsync("1", operation: "op-2");
        foreach (var filter in (string[])["correlation=corr-9", "trace=trace-1", "workflow=wf-1", "user=ana", "operating_mode=burst", "mode=burst",
            "control_plane_scope=project", "scope=project", "runtime_backend=k8s", "backend=k8s", "control_plane=false", "basis=estimated", "flag=cut_short",
            "flag=unpriced&operation=op-1"])
        {
            var page = await world.GetAsync($"/orgs/acme/usage?{filter}");
            Assert.Equal((filter, "op-1"), (filter, Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("operation_id").GetString()));
            Assert.Equal((filter, 1, new Amount(7)), (filter, page.GetProperty("count").GetInt32(), SumOf(page, "charge")));
        }
    }

    [Fact]
    public async Task An_item_of_a_page_a_line_and_a_row_have_the_same_members_and_values()
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", "UTC", seed: 19);
        await traffic.RandomAsync(60);
        foreach (var viewer in Enum.GetValues<Viewer>())
        {
            var token = viewer == Viewer.Platform ? ApiWorld.Admin : (await world.KeyAsync("org-1")).Secret;
            var items = (await world.GetAsync("/orgs/org-1/usage?order=oldest&limit=1000", token)).GetProperty("items").EnumerateArray().ToList();
            var lines = (await TextAsync(world, "format=jsonl", token)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var csv = await CsvAsync(world, "", token);
            Assert.Equal(UsageColumns.NamesFor(viewer), csv.Columns);
            Assert.Equal((items.Count, items.Count), (lines.Length, csv.Rows.Count));
            for (var i = 0; i < items.Count; i++)
            {
                using var line = JsonDocument.Parse(lines[i]);
                Assert.Equal(csv.Columns, line.RootElement.EnumerateObject().Select(member => member.Name));
                Assert.Equal(csv.Columns.Order(StringComparer.Ordinal), items[i].EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
                foreach (var column in csv.Columns)
                {
                    Assert.True(JsonElement.DeepEquals(items[i].GetProperty(column), line.RootElement.GetProperty(column)), column);
                    Assert.Equal(Cell(items[i].GetProperty(column)), csv.Rows[i][column]);
                }
            }
        }
    }

    [Theory]
    [InlineData("order=latest", "'latest' is not an order: write newest or oldest.")]
    [InlineData("cursor=7", "'7' is not a cursor of this list. Send the next_cursor of the page before.")]
    [InlineData("status=bad", "'bad' is not a value of status: use a status such as 429, 0 for no answer, or failed.")]
    [InlineData("source=web", "'web' is not a value of source: use gateway, allocation, app_runtime, tool_call, import, shared_cost.")]
    [InlineData("flag=odd", "'odd' is not a value of flag: use overrun, late, unpriced, above_ceiling, total_mismatch,")]
    [InlineData("control_plane=yes", "'yes' is not a value of control_plane: use true, false.")]
    [InlineData("tag=x", "The query parameter 'tag' is unknown; the known ones are from, to, project, team, key, feature, provider,")]
    public async Task What_is_not_understood_is_refused_with_a_sentence(string query, string said)
    {
        await using var world = await ApiWorld.StartAsync();
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/usage?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        Assert.StartsWith(said, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_prints_a_page_with_the_sum_of_all_and_how_to_go_on()
    {
        await using var world = await ApiWorld.StartAsync();
        for (var i = 1; i <= 60; i++) await world.ChargeAsync("0.5", operation: $"op-{i}", team: i % 2 == 0 ? "red" : "blue");
        var page = await world.RunAsync("usage", "acme");
        var lines = page.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(53, lines.Length);
        Assert.Contains("op-60 ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("All that match: 60 usage records, charge 30 USD, of it corrections 0, provider cost ", lines[51], StringComparison.Ordinal);
        Assert.Matches("^50 rows are shown. Every row: --all or --format csv. Next page: --cursor [0-9.]+$", lines[52]);

        var cursor = lines[52].Split("--cursor ")[1];
        var next = await world.RunAsync("usage", "acme", "--cursor", cursor);
        Assert.Equal(12, next.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("op-10 ", next.Out, StringComparison.Ordinal);

        var all = await world.RunAsync("usage", "acme", "--all", "--team", "red", "--json");
        Assert.Equal((30, 30, JsonValueKind.Null), (all.Json.GetProperty("items").GetArrayLength(), all.Json.GetProperty("count").GetInt32(),
            all.Json.GetProperty("next_cursor").ValueKind));
        Assert.Equal(62, (await world.RunAsync("usage", "acme", "--all")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    /// <summary>Of all pages, the sum beside a page, CSV, JSON Lines and FOCUS.</summary>
    private static async Task<List<Amount>> SumsAsync(ApiWorld world, string query)
    {
        var (pages, cursor, beside) = (Amount.Zero, "", Amount.Zero);
        do
        {
            var page = await world.GetAsync($"/orgs/org-1/usage?{query}&limit=37{cursor}");
            pages += page.GetProperty("items").EnumerateArray().Select(item => Amount.Parse(item.GetProperty("charge").GetString()!)).Sum(amount => amount);
            beside = SumOf(page, "charge");
            cursor = page.GetProperty("next_cursor").GetString() is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        var lines = (await TextAsync(world, $"{query}&format=jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Sum(line => Amount.Parse(JsonDocument.Parse(line).RootElement.GetProperty("charge").GetString()!));
        var focus = CsvText.Table(await TextAsync(world, $"{query}&format=focus"));
        return [pages, beside, Sum((await CsvAsync(world, $"&{query}")).Rows, "charge"), lines, Sum(focus.Rows, "BilledCost")];
    }

    private static async Task<(IReadOnlyList<string> Columns, List<Dictionary<string, string>> Rows)> CsvAsync(
        ApiWorld world, string query, string? token = null) => CsvText.Table(await TextAsync(world, $"format=csv{query}", token));

    private static async Task<string> TextAsync(ApiWorld world, string query, string? token = null)
    {
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/org-1/usage?{query}", token: token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Stop);
    }

    private static string Cell(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    private static Amount Sum(IEnumerable<Dictionary<string, string>> rows, string column) => rows.Sum(row => Amount.Parse(row[column]));

    private static Amount SumOf(JsonElement page, string figure) => Amount.Parse(page.GetProperty("sum").GetProperty(figure).GetString()!);
}
