using System.Text;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Invoicing;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary><c>focus check</c>: the published rules of FOCUS 1.3 over a file.</summary>
public sealed class FocusCheckTests
{
    private static readonly (string Column, string Value)[] Fine =
    [
        ("BilledCost", "1.50"), ("BillingAccountId", "acme"), ("BillingAccountName", "Acme"), ("BillingCurrency", "USD"),
        ("BillingPeriodEnd", "2026-12-01T00:00:00Z"), ("BillingPeriodStart", "2026-11-01T00:00:00Z"), ("ChargeCategory", "Usage"), ("ChargeClass", ""),
        ("ChargeDescription", "tokens"), ("ChargeFrequency", "Usage-Based"), ("ChargePeriodEnd", "2026-11-02T00:00:00Z"),
        ("ChargePeriodStart", "2026-11-01T00:00:00Z"), ("ConsumedQuantity", "500000"), ("ConsumedUnit", "Tokens"), ("ContractedCost", "1.5"),
        ("EffectiveCost", "1.5E0"), ("HostProviderName", "openai"), ("InvoiceId", ""), ("InvoiceIssuerName", "Us"), ("ListCost", "1.5"),
        ("ListUnitPrice", "3"), ("PricingQuantity", "0.5"), ("PricingUnit", "1000000 Tokens"), ("ProviderName", "Us"), ("PublisherName", "openai"),
        ("RegionId", "eu-1"), ("RegionName", "Europe"), ("ServiceCategory", "AI and Machine Learning"), ("ServiceName", "gpt"),
        ("ServiceProviderName", "Us"), ("ServiceSubcategory", "Generative AI"), ("SkuId", "gpt"), ("SkuMeter", "Input Tokens"),
        ("SkuPriceDetails", """{"x_PriceList":"a","x_Factor":0.5}"""), ("SkuPriceId", "gpt@1"), ("SubAccountId", "web"), ("SubAccountName", "Web"),
        ("Tags", """{"team":"red"}"""), ("x_Anything", "NULL"),
    ];

    [Fact]
    public async Task A_file_that_keeps_every_rule_passes_and_says_what_was_not_checked()
    {
        var run = await RunAsync($"\uFEFF{Csv([Fine, Fine])}", "--json");
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        var report = run.Json;
        Assert.Equal((2, 0L), (report.GetProperty("rows").GetInt32(), report.GetProperty("finding_count").GetInt64()));
        Assert.Equal(report.GetProperty("applicable").GetInt32(), report.GetProperty("passed").GetInt32());
        Assert.True(report.GetProperty("applicable").GetInt32() > 230, report.GetProperty("applicable").ToString());
        Assert.Equal(
            ["PUBLIC_PRICE_LIST_SUPPORTED", "REGION_SUPPORTED", "SUB_ACCOUNT_SUPPORTED", "TAGGING_SUPPORTED", "UNIT_PRICING_SUPPORTED",
                "USAGE_MEASUREMENT_SUPPORTED"],
            report.GetProperty("supports").EnumerateArray().Select(name => name.GetString()));

        // Every rule of the model is accounted for.
        var left = report.GetProperty("unchecked").EnumerateArray().Sum(reason => reason.GetProperty("rules").GetArrayLength());
        Assert.Equal(933, report.GetProperty("applicable").GetInt32() + left);
        Assert.Contains("applicable static rules of FOCUS 1.3 pass over 2 rows of CAU.", (await RunAsync(Csv([Fine, Fine]))).Out, StringComparison.Ordinal);
    }

    // Goal: a broken cell is named with its row, column and rule. Method: one wrong cell in the second of three rows; a second evaluator of the published
    // model, which shares no code with the program, must name the rule as well.
    [Theory]
    [InlineData("BilledCost", "1,5", "CAU-BilledCost-C-001-M")]
    [InlineData("BilledCost", "", "CAU-BilledCost-C-003-M")]
    [InlineData("EffectiveCost", "+1", "CAU-EffectiveCost-C-001-M")]
    [InlineData("BillingCurrency", "dollars", "CAU-BillingCurrency-C-006-M")]
    [InlineData("BillingPeriodStart", "2026-11-01 00:00:00", "CAU-BillingPeriodStart-C-002-M")]
    [InlineData("ChargeCategory", "Use", "CAU-ChargeCategory-C-003-M")]
    [InlineData("ChargeClass", "Wrong", "CAU-ChargeClass-C-005-C")]
    [InlineData("ChargeFrequency", "", "CAU-ChargeFrequency-C-002-M")]
    [InlineData("ConsumedUnit", "", "CAU-ConsumedUnit-C-006-C")]
    [InlineData("InvoiceIssuerName", "NULL", "CAU-InvoiceIssuerName-C-002-M")]
    [InlineData("ListCost", "1.500000000000000000000000000001", "CAU-ListCost-C-011-C")]
    [InlineData("ListUnitPrice", "-3", "CAU-ListUnitPrice-C-008-M")]
    [InlineData("PricingUnit", "tokens", "CAU-PricingUnit-C-003-O")]
    [InlineData("RegionName", "", "CAU-RegionName-C-005-C")]
    [InlineData("ServiceCategory", "Compute", "CAU-ServiceName-C-005-C")]
    [InlineData("ServiceSubcategory", "Bots and more", "CAU-ServiceSubcategory-C-003-M")]
    [InlineData("SkuId", "other", "CAU-SkuPriceId-C-008-M")]
    [InlineData("SubAccountName", "", "CAU-SubAccountName-C-005-C")]
    [InlineData("Tags", """{"team":["red"]}""", "CAU-Tags-C-001-M")]
    [InlineData("Tags", "red", "CAU-Tags-C-001-M")]
    public async Task A_broken_cell_is_named_with_its_row_column_and_rule(string column, string wrong, string rule)
    {
        var broken = Fine.Select(cell => cell.Column == column ? (column, wrong) : cell).ToArray();
        var run = await RunAsync(Csv([Fine, broken, Fine]), "--json");
        var findings = run.Json.GetProperty("findings").EnumerateArray().ToList();
        var finding = findings.Find(found => found.GetProperty("rule").GetString() == rule);
        Assert.True(finding.ValueKind == System.Text.Json.JsonValueKind.Object, run.Out);

        // The third row is the first after the broken one that has the SKU or service with another parent.
        Assert.Equal(3, finding.GetProperty("line").GetInt32());
        Assert.NotEqual("", finding.GetProperty("sentence").GetString());
        var isMust = findings.Exists(found => found.GetProperty("level").GetString() == "Must");
        Assert.Equal(isMust ? 1 : 0, run.ExitCode);
        if (rule is "CAU-ServiceName-C-005-C" or "CAU-SkuPriceId-C-008-M") return;
        Assert.Equal((column, wrong.Length == 0 ? null : wrong), (finding.GetProperty("column").GetString(), finding.GetProperty("value").GetString()));
    }

    [Fact]
    public async Task A_missing_column_is_a_finding_of_the_header_and_a_criterion_can_be_said_to_hold()
    {
        var without = Fine.Where(cell => cell.Column is not ("BilledCost" or "RegionId" or "RegionName")).ToArray();
        var run = await RunAsync(Csv([without]), "--json");
        Assert.Equal(1, run.ExitCode);
        var finding = Assert.Single(run.Json.GetProperty("findings").EnumerateArray());
        Assert.Equal(
            ("CAU-CostAndUsage-D-006-M", 1, "BilledCost"),
            (finding.GetProperty("rule").GetString(), finding.GetProperty("line").GetInt32(), finding.GetProperty("column").GetString()));
        var with = await RunAsync(Csv([without]), "--json", "--supports", "REGION_SUPPORTED");
        Assert.Equal(3, with.Json.GetProperty("finding_count").GetInt32());
    }

    // A file of a million wrong cells must not fill a screen or memory.
    [Fact]
    public async Task Every_finding_is_counted_and_few_are_listed()
    {
        var broken = Fine.Select(cell => cell.Column is "BilledCost" or "ListCost" ? (cell.Column, "x") : cell).ToArray();
        var run = await RunAsync(Csv([.. Enumerable.Repeat(broken, 500)]), "--json", "--limit", "4");
        Assert.Equal(4, run.Json.GetProperty("findings").GetArrayLength());
        Assert.True(run.Json.GetProperty("finding_count").GetInt64() >= 2_000, run.Json.GetProperty("finding_count").ToString());
        Assert.All(run.Json.GetProperty("failures").EnumerateArray(), failure => Assert.Equal(500, failure.GetProperty("count").GetInt32()));
    }

    [Theory]
    [InlineData("", "no header")]
    [InlineData("BilledCost,BilledCost\n1,2\n", "'BilledCost' exists 2 times")]
    [InlineData("BilledCost,ListCost\n1\n", "Line 2")]
    public async Task A_file_that_is_no_csv_is_wrong_usage(string csv, string why)
    {
        var run = await RunAsync(csv);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
        Assert.EndsWith("[file_invalid]", run.Error.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_criterion_a_wrong_limit_and_a_file_that_is_not_there_are_wrong_usage()
    {
        Assert.Contains("'NONE' is no criterion", (await RunAsync(Csv([Fine]), "--supports", "NONE")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync(Csv([Fine]), "--limit", "-1")).ExitCode);
        Assert.Equal(2, (await CliRun.StartAsync(["focus", "check", "/nowhere.csv"], _ => null)).ExitCode);
    }

    // Goal: what a second evaluator of the published model, which shares no code with the program, finds broken, the command finds, too. Method: each cell of a
    // fine row is emptied in turn.
    [Fact]
    public async Task A_second_evaluator_of_the_published_model_agrees_about_every_column()
    {
        var second = new FocusRules(
            "PUBLIC_PRICE_LIST_SUPPORTED", "REGION_SUPPORTED", "SUB_ACCOUNT_SUPPORTED", "TAGGING_SUPPORTED", "UNIT_PRICING_SUPPORTED",
            "USAGE_MEASUREMENT_SUPPORTED");
        var found = 0;
        foreach (var (column, _) in Fine.Where(cell => cell.Value.Length > 0 && cell.Column != "x_Anything"))
        {
            var row = Fine.Select(cell => cell.Column == column ? (cell.Column, "") : cell).ToArray();
            var theirs = second.Broken([row.ToDictionary(cell => cell.Column, cell => cell.Item2, StringComparer.Ordinal)])
                .Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]).ToList();
            var ours = (await RunAsync(Csv([row]), "--json")).Json.GetProperty("failures").EnumerateArray()
                .Select(failure => failure.GetProperty("rule").GetString()!).ToHashSet(StringComparer.Ordinal);
            Assert.True(ours.IsSupersetOf(theirs), $"{column} is empty: the command does not find {string.Join(' ', theirs.Except(ours))}");
            found += theirs.Count;
        }

        Assert.True(found > 25, $"The second evaluator found only {found} broken rules.");
    }

    private static string Csv(IReadOnlyList<(string Column, string Value)[]> rows)
    {
        var text = new StringBuilder(string.Join(',', rows[0].Select(cell => cell.Column))).Append('\n');
        foreach (var row in rows)
        {
            text.AppendJoin(',', row.Select(cell => $"\"{cell.Value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append('\n');
        }

        return text.ToString();
    }

    private static async Task<CliRun> RunAsync(string csv, params string[] more)
    {
        var file = Path.Combine(Path.GetTempPath(), $"tieout-focus-{Guid.NewGuid():N}.csv");
        await File.WriteAllTextAsync(file, csv, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), TestContext.Current.CancellationToken);
        try
        {
            return await CliRun.StartAsync(["focus", "check", file, .. more], _ => null);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
