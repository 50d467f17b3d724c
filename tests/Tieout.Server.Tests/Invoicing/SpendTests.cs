using System.Globalization;
using System.Net;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>The spend report against the rows, the invoice and <c>costs today</c>.</summary>
public sealed class SpendTests
{
    private static readonly string[] Groupings = ["team,model", "day", "day,project", "hour,key", "source,trigger,provider", "app_instance,component", "org",
        "feature,team,model,day", "user", "day,user", "hour,workflow,status", "team,basis,tag:user"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: a report is what the rows come to, and agrees with the invoice. Method: random charges and corrections around a month in which the clocks of New
    // York change; each report is compared group by group with a naive recount of the rows, when the follower has counted half of them and when all.
    [Theory]
    [InlineData("UTC")]
    [InlineData("Asia/Kolkata")]
    [InlineData("America/New_York")]
    public async Task I1_spend_is_what_the_rows_come_to_and_the_invoice_is_its_total(string zone)
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", zone, seed: 7);
        await traffic.RandomAsync(150);
        await FollowAsync(world);
        await traffic.RandomAsync(150);
        await AssertReportsAsync(world, traffic);
        await FollowAsync(world);
        await AssertReportsAsync(world, traffic);
    }

    [Fact]
    public async Task Spend_of_today_is_what_costs_today_shows()
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", "Asia/Kolkata", seed: 8);
        await traffic.RandomAsync(60);
        for (var today = traffic.Today(); ; today = traffic.Today())
        {
            for (var i = 0; i < 20; i++) await world.ChargeAsync("0.1234", "org-1", operation: $"today-{i}");
            var costs = await world.GetAsync("/orgs/org-1/costs/today");
            var spend = await world.GetAsync(string.Create(
                CultureInfo.InvariantCulture, $"/orgs/org-1/spend?from={today:yyyy-MM-dd}&to={today.AddDays(1):yyyy-MM-dd}"));
            if (today != traffic.Today()) continue;
            Assert.NotEqual("0", costs.GetProperty("ledger_daily_total").GetString());
            Assert.Equal(costs.GetProperty("ledger_daily_total").GetString(), spend.GetProperty("total").GetProperty("charge").GetString());
            break;
        }
    }

    [Fact]
    public async Task The_rest_is_one_line_and_csv_and_table_show_the_same_lines()
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", "America/New_York", seed: 9);
        await traffic.RandomAsync(200);
        string[] args = ["spend", "--org", "org-1", "--by", "team,model", "--from", "2025-10-01", "--to", "2025-12-31", "--top", "3"];
        var spend = (await world.RunAsync([.. args, "--format", "json"])).Json;
        var items = spend.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal("other", items[^1].GetProperty("kind").GetString());
        Assert.Equal(items.Count - 1, items.SkipLast(1).Count(item => item.GetProperty("kind").GetString() is "group" or "unattributed"));
        Assert.Equal(spend.GetProperty("groups").GetInt32(), items.Sum(item => item.GetProperty("groups").GetInt32()));
        Assert.Equal(spend.GetProperty("total").GetProperty("charge").GetString(), Sum(spend, "charge").ToString());
        Assert.Equal(spend.GetProperty("total").GetProperty("provider_cost").GetString(), Sum(spend, "provider_cost").ToString());

        var csv = (await world.RunAsync([.. args, "--format", "csv"])).Out.TrimEnd('\n').Split('\n').Select(line => line.Split(',')).ToList();
        Assert.Equal(items.Count + 1, csv.Count);
        foreach (var (row, item) in csv.Skip(1).Zip(items))
        {
            foreach (var (column, cell) in csv[0].Zip(row)) Assert.Equal(Value(spend, item, column), cell);
        }

        var table = (await world.RunAsync(args)).Out.Split('\n');
        Assert.StartsWith("TEAM", table[0], StringComparison.Ordinal);
        Assert.StartsWith($"other ({items[^1].GetProperty("groups").GetInt32()} groups)", table[items.Count], StringComparison.Ordinal);
        Assert.Matches($"^total .* {spend.GetProperty("total").GetProperty("charge").GetString()}$", table[items.Count + 1]);
        Assert.Contains("days of America/New_York", table[items.Count + 2], StringComparison.Ordinal);
    }

    // Goal: spend without a feature is a line that says so on every surface, however small it is and whatever real features are called. Method: the smallest
    // charge has no feature, and a feature is called "none", "unattributed" and "other".
    [Fact]
    public async Task J1_spend_without_a_feature_is_a_line_of_its_own_in_every_form()
    {
        await using var world = await ApiWorld.StartAsync();
        string[] features = ["none", "unattributed", "other", "null"];
        var records = features.Select(feature => Sending.Record($"r-{feature}", $$""","feature":"{{feature}}" """, input: 1_000)).Append(Sending.Record("bare", input: 10));
        Assert.Equal(5, (await world.UsageAsync($"[{string.Join(',', records)}]")).Accepted);
        string[] args = ["spend", "--org", "acme", "--by", "feature", "--from", "2026-11-01", "--to", "2026-12-01"];
        foreach (var top in (string[][])[[], ["--top", "1"]])
        {
            var spend = (await world.RunAsync([.. args, .. top, "--format", "json"])).Json;
            var line = Assert.Single(spend.GetProperty("items").EnumerateArray(), item => item.GetProperty("kind").GetString() == "unattributed");
            Assert.Equal(JsonValueKind.Null, line.GetProperty("group").GetProperty("feature").ValueKind);
            Assert.Equal("0.000225", line.GetProperty("charge").GetString());
            Assert.Equal("0.000225", spend.GetProperty("unattributed").GetString());
            Assert.Single((await world.RunAsync([.. args, .. top, "--format", "csv"])).Out.Split('\n'), row => row.StartsWith("unattributed,(unattributed),", StringComparison.Ordinal));
            var table = (await world.RunAsync([.. args, .. top])).Out.Split('\n');
            Assert.Single(table, row => row.StartsWith("(unattributed) ", StringComparison.Ordinal));
            Assert.Contains("0.000225 USD of it is unattributed: it has no feature.", table);
        }

        using var named = await world.SendAsync("/api/v1/usage", $"[{Sending.Record("forged", ""","feature":"(unattributed)" """)}]");
        Assert.Contains("refused\":1", await named.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_sees_its_own_org_and_nothing_of_the_provider()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        await world.ChargeAsync("1.5", team: "red");
        await world.ChargeAsync("7.75", org: "other");
        var (_, key) = await world.KeyAsync();
        foreach (var format in (string[])["json", "csv"])
        {
            using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/spend?by=org,team&format={format}", token: key);
            var text = await answer.Content.ReadAsStringAsync(Stop);
            Assert.Contains("1.5", text, StringComparison.Ordinal);
            Assert.DoesNotContain("cost", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("7.75", text, StringComparison.Ordinal);
            using var platform = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/spend?by=org,team&format={format}");
            Assert.Contains("provider_cost", await platform.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }

        using var foreign = await world.SendAsync(HttpMethod.Get, "/orgs/other/spend", token: key);
        Assert.Equal("org_not_found", await ApiWorld.CodeAsync(foreign, HttpStatusCode.NotFound));
        using var all = await world.SendAsync(HttpMethod.Get, "/spend", token: key);
        Assert.Equal("forbidden", await ApiWorld.CodeAsync(all, HttpStatusCode.Forbidden));
        var plain = (await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", "{}")).GetProperty("key").GetString();
        using var unscoped = await world.SendAsync(HttpMethod.Get, "/orgs/acme/spend", token: plain);
        Assert.Equal("scope_not_allowed", await ApiWorld.CodeAsync(unscoped, HttpStatusCode.Forbidden));
    }

    [Fact]
    public async Task All_orgs_of_an_asset_are_one_report_with_days_of_each_orgs_zone()
    {
        await using var world = await ApiWorld.StartAsync();
        var total = Amount.Zero;
        foreach (var (org, zone) in ((string, string)[])[("org-1", "Asia/Kolkata"), ("org-2", "America/New_York")])
        {
            var traffic = await SpendTraffic.OpenAsync(world, org, zone, seed: org[^1]);
            await traffic.RandomAsync(80);
            total += Amount.Parse((await world.GetAsync($"/orgs/{org}/invoices/2025-11")).GetProperty("total_charges").GetString()!);
        }

        var spend = await world.GetAsync("/spend?by=org&from=2025-11-01&to=2025-12-01");
        Assert.Equal(("2025-11-01", "2025-12-01"), (spend.GetProperty("from").GetString(), spend.GetProperty("to").GetString()));
        Assert.Equal(JsonValueKind.Null, spend.GetProperty("time_zone").ValueKind);
        Assert.Equal(total.ToString(), spend.GetProperty("total").GetProperty("charge").GetString());
        foreach (var item in spend.GetProperty("items").EnumerateArray())
        {
            var invoice = await world.GetAsync($"/orgs/{item.GetProperty("group").GetProperty("org").GetString()}/invoices/2025-11");
            Assert.Equal(invoice.GetProperty("total_charges").GetString(), item.GetProperty("charge").GetString());
        }

        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"euro","asset":"EUR","billing":"postpaid"}""");
        await world.ChargeAsync("3", org: "euro");
        using var several = await world.SendAsync(HttpMethod.Get, "/spend");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(several, HttpStatusCode.BadRequest));
        var euros = await world.GetAsync("/spend?asset=EUR");
        Assert.Equal(("3", "UTC"), (euros.GetProperty("total").GetProperty("charge").GetString(), euros.GetProperty("time_zone").GetString()));
    }

    [Fact]
    public async Task A_report_of_too_many_groups_is_refused_and_its_top_is_not()
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", "UTC", seed: 11);
        await traffic.SpreadAsync(hours: 101, triggers: 100);
        const string report = "/orgs/org-1/spend?by=hour,trigger&from=2025-11-01&to=2025-12-01";
        using var answer = await world.SendAsync(HttpMethod.Get, report);
        Assert.Contains(
            "more than 10000 groups. Narrow the range, group by fewer dimensions, or send top=100", await answer.Content.ReadAsStringAsync(Stop),
            StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);

        var spend = await world.GetAsync($"{report}&top=10");
        Assert.Equal((11, 10_100), (spend.GetProperty("items").GetArrayLength(), spend.GetProperty("groups").GetInt32()));
        Assert.Equal(spend.GetProperty("total").GetProperty("charge").GetString(), Sum(spend, "charge").ToString());
    }

    [Theory]
    [InlineData("by=tag:env", "'tag:env' is not a tag of usage. Use tag: with project, feature, user, workflow, trigger, for example tag:feature.")]
    [InlineData("status=never", "'never' is not a value of status: use a status such as 429, 0 for no answer, or failed.")]
    [InlineData("by=modell", "'modell' is not a dimension of spend. Use org, day, hour, project, team, key, feature, provider, model, source, trigger,")]
    [InlineData("top=0", "'0' is not a number of groups: write a whole number from 1 to 10000.")]
    [InlineData("format=xml", "The format is json or csv.")]
    [InlineData("from=2025-12-01&to=2025-11-01", "The range from 2025-12-01 to 2025-11-01 is empty: 'to' must be later than 'from'.")]
    [InlineData("by=hour&from=2025-01-01", "A report by hour has at most 93 days. Narrow the range.")]
    [InlineData("by=day&from=1990-01-01", "A report by day has at most 3660 days. Narrow the range.")]
    [InlineData("group_by=day", "The query parameter 'group_by' is unknown; the known ones are by, from, to, top, format, project, team,")]
    public async Task What_is_not_understood_is_refused_with_a_sentence(string query, string said)
    {
        await using var world = await ApiWorld.StartAsync();
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/spend?{query}");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(answer, HttpStatusCode.BadRequest));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        Assert.StartsWith(said, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    // Goal: a filter leaves out what does not match and nothing else, by label and by what only records have. Method: against the rows, in a range that cuts
    // an hour.
    [Theory]
    [InlineData("team=red")]
    [InlineData("user=user-1")]
    [InlineData("status=failed")]
    [InlineData("model=own&status=500")]
    public async Task I1_spend_of_a_filter_is_what_its_rows_come_to(string filter)
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", "Asia/Kolkata", seed: 17);
        await traffic.RandomAsync(150);
        await FollowAsync(world);
        await traffic.RandomAsync(50);
        var rows = await traffic.RowsAsync();
        bool Matches(UsageRecord record) => filter switch
        {
            "team=red" => record.Labels.Team == "red",
            "user=user-1" => record.EndUser == "user-1",
            "status=failed" => record.StatusCode == 500,
            _ => record.Labels.Model == "own" && record.StatusCode == 500,
        };
        foreach (var by in (string[])["model", "day,user", "team,status"])
        {
            var spend = await world.GetAsync($"/orgs/org-1/spend?by={by}&{filter}&from=2025-10-20&to=2025-11-30T11:22:33Z");
            Assert.NotEmpty(spend.GetProperty("items").EnumerateArray());
            Assert.Equal(
                rows.Expected(by, Instant.From(Time(spend, "from")), Instant.From(Time(spend, "to")), Matches), Said(spend, by));
        }
    }

    // Goal: nothing that was charged falls out of a report by user: neither what repaired a posting, nor usage under 'other'. Method: one of each.
    [Fact]
    public async Task I1_what_belongs_to_no_user_is_a_group_of_its_own_and_the_answer_says_how_much_is_other()
    {
        await using var world = await ApiWorld.StartAsync();
        var traffic = await SpendTraffic.OpenAsync(world, "org-1", "UTC", seed: 19);
        await traffic.RandomAsync(60);
        for (var posting = 1; posting < 20; posting++)
        {
            await world.Ledger.SubmitAsync(new Command.Correct($"repair-{posting}", "org-1", posting, new Amount(7), "found") { IsPostingRepair = true }, Stop);
        }

        const string range = "from=2025-10-01&to=2026-01-01";
        var byModel = await world.GetAsync($"/orgs/org-1/spend?by=model&{range}");
        var byUser = await world.GetAsync($"/orgs/org-1/spend?by=user&{range}");
        Assert.Equal(byModel.GetProperty("total").GetProperty("charge").GetString(), byUser.GetProperty("total").GetProperty("charge").GetString());
        Assert.Equal(byUser.GetProperty("total").GetProperty("charge").GetString(), Sum(byUser, "charge").ToString());
        Assert.Equal(byModel.GetProperty("total").GetProperty("corrections").GetString(), Sum(byUser, "corrections").ToString());
        Assert.Equal("0", byUser.GetProperty("other").GetString());

        var top = await world.GetAsync($"/orgs/org-1/spend?by=user&{range}&top=2");
        var other = top.GetProperty("items").EnumerateArray().Last();
        Assert.Equal(("other", other.GetProperty("charge").GetString()), (other.GetProperty("kind").GetString(), top.GetProperty("other").GetString()));
        await world.ChargeAsync("2.5", team: UsageLabels.Other);
        var teams = await world.GetAsync("/orgs/acme/spend?by=team");
        Assert.Equal("2.5", teams.GetProperty("other").GetString());
        Assert.Contains("2.5 USD of it has no name of its own", (await world.RunAsync("spend", "--org", "acme", "--by", "team")).Out, StringComparison.Ordinal);
    }

    private static async Task FollowAsync(ApiWorld world)
    {
        while (!(await world.Ledger.Follower.StepAsync(Stop)).IsCurrent)
        {
        }
    }

    private static async Task AssertReportsAsync(ApiWorld world, SpendTraffic traffic)
    {
        var rows = await traffic.RowsAsync();
        var month = traffic.Month;
        var invoice = (await world.GetAsync($"/orgs/org-1/invoices/{month}")).GetProperty("total_charges").GetString();
        foreach (var by in Groupings)
        {
            var spend = await world.GetAsync($"/orgs/org-1/spend?by={by}&from={month}-01&to={month.Next}-01");
            Assert.Equal(rows.Expected(by, month.Start(traffic.Zone), month.End(traffic.Zone)), Said(spend, by));
            Assert.Equal(invoice, spend.GetProperty("total").GetProperty("charge").GetString());
            Assert.Equal(invoice, Sum(spend, "charge").ToString());
        }

        // Ranges that begin and end within days and hours.
        foreach (var (from, to) in ((string, string)[])[("2025-11-02T04:30:00Z", "2025-11-03T05:15:07Z"), ("2025-10-20", "2025-11-02T05:59:59Z")])
        {
            foreach (var by in Groupings)
            {
                var spend = await world.GetAsync($"/orgs/org-1/spend?by={by}&from={from}&to={to}");
                var (start, end) = (Instant.From(Time(spend, "from")), Instant.From(Time(spend, "to")));
                Assert.Equal(rows.Expected(by, start, end), Said(spend, by));
            }
        }
    }

    /// <summary>As <see cref="SpendRows"/> writes it.</summary>
    private static List<string> Said(JsonElement spend, string by) => [.. spend.GetProperty("items").EnumerateArray().Select(item =>
        string.Join(' ', by.Replace("tag:", "", StringComparison.Ordinal).Split(',').Select(name => item.GetProperty("group").GetProperty(name).GetString() ?? "-"))
        + $": {item.GetProperty("attempts")} {item.GetProperty("failures")} {item.GetProperty("input_tokens")} {item.GetProperty("cache_read_tokens")} "
        + $"{item.GetProperty("output_tokens")} {item.GetProperty("reasoning_tokens")} {item.GetProperty("provider_cost").GetString()} "
        + $"{item.GetProperty("charge").GetString()} {item.GetProperty("corrections").GetString()}").Order(StringComparer.Ordinal)];

    private static string Value(JsonElement spend, JsonElement item, string column)
    {
        var value = item.TryGetProperty(column, out var figure) ? figure
            : item.GetProperty("group").TryGetProperty(column, out var label) ? label : spend.GetProperty(column);
        return value.ValueKind is JsonValueKind.Null ? UsageLabels.Unattributed : value.ToString();
    }

    private static Amount Sum(JsonElement spend, string figure) =>
        spend.GetProperty("items").EnumerateArray().Sum(item => Amount.Parse(item.GetProperty(figure).GetString()!));

    private static DateTimeOffset Time(JsonElement spend, string name) =>
        DateTimeOffset.Parse(spend.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);
}
