using System.Globalization;
using Tieout.Server.Tests.Http;
using Tieout.Tests;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>The export as FOCUS 1.3 wants it, against the specification's own rules about columns.</summary>
public sealed class FocusExportTests
{
    [Fact]
    public async Task I1_the_rows_sum_to_the_invoice_and_every_mandatory_column_is_there_and_filled()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("3.25", project: "web", operation: "op-1");
        await world.ChargeAsync("2", operation: "op-2");
        var posting = (await world.GetAsync("/trace/op-1")).GetProperty("steps")
            .EnumerateArray().Single(step => step.GetProperty("kind").GetString() == "posting").GetProperty("id").GetString();
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"fix-1","posting":{{posting}},"new_amount":"3","reason":"=too, dear"}""");
        var run = await world.RunAsync("usage", "acme", "--format", "focus");
        Assert.True(run.ExitCode == 0, run.Error);
        var rows = Rows(run.Out);
        Assert.Equal(4, rows.Count);
        Assert.Equal(5m, rows.Sum(row => decimal.Parse(row["BilledCost"], CultureInfo.InvariantCulture)));
        Assert.Equal(["Usage", "Usage", "Adjustment", "Adjustment"], rows.Select(row => row["ChargeCategory"]));
        Assert.Contains(rows, row => row["ChargeDescription"].EndsWith("=too, dear", StringComparison.Ordinal) && row["BilledCost"] == "-3.25");

        // column,presence,level,...: what the specification calls mandatory, and whether it may be null.
        foreach (var line in (await File.ReadAllLinesAsync(Repo.SharedData("focus/1.3/columns-derived.csv"), TestContext.Current.CancellationToken)).Skip(1)
            .Select(line => line.Split(',')))
        {
            if (line[2] != "Mandatory") continue;
            Assert.True(rows[0].ContainsKey(line[0]), line[0]);
            if (line[0] is "ChargeClass" or "PricingQuantity" or "PricingUnit") continue;
            Assert.All(rows, row => Assert.NotEqual("", row[line[0]]));
        }

        foreach (var row in rows)
        {
            Assert.Equal("", row["ChargeClass"]);
            Assert.Equal(row["PricingQuantity"].Length == 0, row["PricingUnit"].Length == 0);
            Assert.Equal(row["ChargeCategory"] == "Usage", row["PricingQuantity"].Length > 0);
            foreach (var column in row.Keys.Where(
                column => column.EndsWith("Start", StringComparison.Ordinal) || column.EndsWith("End", StringComparison.Ordinal)))
            {
                Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", row[column]);
            }

            Assert.True(string.CompareOrdinal(row["ChargePeriodStart"], row["ChargePeriodEnd"]) < 0);
        }

        // A filter holds for corrections too.
        Assert.Equal(3, Rows((await world.RunAsync("usage", "acme", "--format", "focus", "--project", "web")).Out).Count);
    }

    // Goal: what the specification's own rule model can say of a file, it says of ours. Method: every rule of CostAndUsage that is about cells, over usage of
    // all kinds and corrections.
    [Fact]
    public async Task Every_rule_of_the_specification_that_a_file_can_be_checked_by_holds()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/prices?format=tieout", Runtime.RuntimeTests.Prices);
        await world.ChargeAsync(null, project: "web", operation: "op-1");
        await world.ChargeAsync("0.25", operation: "op-2", model: "a model of ours");
        var taken = await world.OkAsync(HttpMethod.Post, "/usage", $$"""
            {"items":[{"id":"a","source":"x","org":"acme","occurred_at":"{{DateTime.UtcNow.AddMinutes(-5):yyyy-MM-dd'T'HH:mm:ss'Z'}}","provider":"gpus","model":"h100","usage_source":"allocation","app_instance_id":"rent-1","units":{"gpu_seconds":60},"duration_ms":60000},
            {"id":"b","source":"x","org":"acme","occurred_at":"{{DateTime.UtcNow.AddMinutes(-5):yyyy-MM-dd'T'HH:mm:ss'Z'}}","charge":"0.5","model":"nobodys","input_tokens":1},
            {"id":"c","source":"x","org":"acme","occurred_at":"{{DateTime.UtcNow.AddMinutes(-5):yyyy-MM-dd'T'HH:mm:ss'Z'}}","provider":"openai","model":"gpt-4o","status_code":500}]}
            """);
        Assert.True(taken.GetProperty("accepted").GetInt32() == 3, taken.ToString());
        var posting = (await world.GetAsync("/trace/op-1")).GetProperty("steps")
            .EnumerateArray().Single(step => step.GetProperty("kind").GetString() == "posting").GetProperty("id").GetString();
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"fix-1","posting":{{posting}},"new_amount":"3","reason":"too dear"}""");
        var rows = Rows((await world.RunAsync("usage", "acme", "--format", "focus")).Out);
        Assert.Equal(7, rows.Count);
        var rules = new FocusRules(
            "ACCOUNT_NAMING_SUPPORTED", "USAGE_MEASUREMENT_SUPPORTED", "SUB_ACCOUNT_SUPPORTED", "TAGGING_SUPPORTED",
            "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED", "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED");
        var broken = rules.Broken(rows);
        Assert.True(broken.Count == 0, string.Join('\n', broken));
        Assert.True(rules.Checked > 150, $"{rules.Checked} rules were checked.");

        // The SKU is the model, at the version of the price that the record names.
        var called = rows.Single(row => row["x_OperationId"] == "op-1" && row["ChargeCategory"] == "Usage");
        Assert.Equal("openai/gpt-4o", called["SkuId"]);
        Assert.StartsWith("openai/gpt-4o@", called["SkuPriceId"], StringComparison.Ordinal);
        Assert.Contains(rows,
            row => row["SkuId"] == "gpus/h100" && row["SkuMeter"] == "GPU Seconds" && row["SkuPriceId"].Contains("@gpus@1/", StringComparison.Ordinal)
                && row["SkuPriceDetails"].Contains("gpus@1", StringComparison.Ordinal));
        Assert.Contains(rows, row => row["x_UsageId"].Length > 0 && row["SkuPriceId"] == row["SkuId"]);

        // And they tell what is wrong: each of these breaks one.
        foreach (var (column, wrong) in new[] { ("BilledCost", "1,5"), ("BilledCost", ""), ("ChargeCategory", "Use"), ("BillingPeriodStart",
            "yesterday"), ("SkuId", ""), ("ServiceCategory", "Things"), ("BillingCurrency", "dollars"), ("ChargeClass", "Wrong"), ("SubAccountName", "") })
        {
            var one = rows.FindIndex(row => row["ChargeCategory"] == "Usage" && row["SubAccountId"].Length > 0);
            List<Dictionary<string, string>> changed = [.. rows.Select((row, index) => index == one ? new(row) { [column] = wrong } : row)];
            Assert.True(new FocusRules("SUB_ACCOUNT_SUPPORTED").Broken(changed).Count > 0, $"{column} = {wrong}");
        }
    }

    private static List<Dictionary<string, string>> Rows(string csv) => CsvText.Table(csv).Rows;
}
