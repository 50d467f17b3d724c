using System.Globalization;
using System.Text.Json;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;
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

    // Goal: the export keeps every static rule that applies to it. Method: usage of every kind, corrections within the month and of a closed month, checked by
    // the command with all criteria that the product supports.
    [Fact]
    public async Task I1_the_export_passes_every_applicable_static_rule_with_corrections_of_open_and_closed_months()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync(null, project: "web", operation: "op-1");
        await world.ChargeAsync("2", operation: "op-2", model: "ours");
        await IssuedTests.ChargeAsync(world, "10", "web");
        await CorrectAsync(world, "op-1", "fix-1", "3");
        var month = DateTime.UtcNow.AddDays(-DateTime.UtcNow.Day).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        await world.OkAsync(HttpMethod.Post, $"/orgs/acme/invoices/{month}/close");
        await CorrectAsync(world, "op", "fix-2", "4");
        foreach (var profile in (string[])["1.3", "1.5-draft"])
        {
            var csv = (await world.RunAsync("usage", "acme", "--format", "focus", "--profile", profile)).Out;
            var rows = Rows(csv);
            Assert.Equal(3m + 2m + 4m, rows.Sum(row => decimal.Parse(row["BilledCost"], CultureInfo.InvariantCulture)));

            // What corrects a closed month is of the month in which it is made.
            var closed = rows.Where(row => row["ChargeClass"] == "Correction").ToList();
            Assert.Equal(["-10", "4"], closed.Select(row => row["BilledCost"]));
            Assert.All(closed, row => Assert.Equal(("Usage", "0"), (row["ChargeCategory"], row["ConsumedQuantity"])));
            Assert.All(closed, row => Assert.True(string.CompareOrdinal(row["ChargePeriodStart"], row["BillingPeriodStart"]) < 0));
            Assert.Equal(2, rows.Count(row => row["ChargeCategory"] == "Adjustment" && row["ChargeClass"].Length == 0));
            await PassesAsync(csv, minimum: profile == "1.3" ? 250 : 280);
        }
    }

    // FOCUS bills in national currencies: an org in units of the platform's own has their price, and what the units cost is said with the request.
    [Theory]
    [InlineData(null, null, "XXX", "0")]
    [InlineData("USD", "0.05", "USD", "0.125")]
    public async Task An_org_in_credits_has_a_virtual_currency_and_its_export_sums_to_the_ledger(
        string? currency, string? price, string billing, string effective)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"lyra","asset":"CREDIT","billing":"postpaid"}""");
        await world.ChargeAsync("2", org: "lyra", operation: "op-1");
        await world.ChargeAsync("1.000000001", org: "lyra", operation: "op-2");
        await CorrectAsync(world, "op-2", "fix-1", "0.5", "lyra");
        string[] options = currency is null ? [] : ["--billing-currency", currency, "--credit-price", price!];
        var csv = (await world.RunAsync(["usage", "lyra", "--format", "focus", .. options])).Out;
        var rows = Rows(csv);
        Assert.Equal(2.5m, Sum("PricingCurrencyEffectiveCost"));
        Assert.Equal(decimal.Parse(effective, CultureInfo.InvariantCulture), Sum("EffectiveCost"));
        Assert.Equal(Sum("EffectiveCost"), Sum("ListCost"));
        Assert.All(rows, row => Assert.Equal(("CREDIT", billing, "0"), (row["PricingCurrency"], row["BillingCurrency"], row["BilledCost"])));
        await PassesAsync(csv, minimum: 300, "VIRTUAL_CURRENCY_SUPPORTED", "PRICING_BILLING_CURRENCY_DIFFERENCES_SUPPORTED");

        decimal Sum(string column) => rows.Sum(row => decimal.Parse(row[column], CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("acme", "profile=2.0", "'2.0' is no profile of FOCUS: write 1.3 or 1.5-draft.")]
    [InlineData("acme", "credit_price=1", "in USD already")]
    [InlineData("lyra", "billing_currency=CREDIT&credit_price=1", "'CREDIT' is no billing_currency")]
    [InlineData("lyra", "billing_currency=USD&credit_price=x", "is not an amount")]
    public async Task A_parameter_that_fits_no_export_is_refused(string org, string query, string why)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"lyra","asset":"CREDIT","billing":"postpaid"}""");
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/{org}/usage?format=focus&{query}");
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(why, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_attempt_has_its_workflow_operation_issuance_key_and_number()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        using var first = await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}");
        using var second = await world.ChatAsync(World.Secret, $"Tieout-Envelope: {token}", "Tieout-Attempt: 2");
        using var other = await world.ChatAsync(EnvelopeWorld.BetaSecret);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/orgs/acme/usage?format=focus");
        request.Headers.Authorization = new("Bearer", EnvelopeWorld.Admin);
        using var answer = await world.World.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var rows = Rows(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(2, rows.Count);
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        using var claims = JsonDocument.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')));
        var issuance = claims.RootElement.GetProperty("issuance_id").GetString();
        Assert.All(rows, row => Assert.Equal(
            ("wf-1", "op-1", issuance, true, true),
            (row["x_WorkflowId"], row["x_OperationId"], row["x_IssuanceId"], row["x_SigningKeyId"].Length > 0, row["x_KeyId"].Length > 0)));
        Assert.Equal(["1", "2"], rows.Select(row => row["x_AttemptNumber"]));
    }

    [Fact]
    public async Task The_draft_profile_has_a_row_for_each_class_of_tokens_and_sums_to_the_charge()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync(null, operation: "op-1", key: "key-1");
        await world.ChargeAsync("0.25", operation: "op-2");
        var whole = Rows((await world.RunAsync("usage", "acme", "--format", "focus")).Out);
        var rows = Rows((await world.RunAsync("usage", "acme", "--format", "focus", "--profile", "1.5-draft")).Out);
        Assert.Equal(Sum(whole), Sum(rows));
        var classes = rows.Where(row => row["x_OperationId"] == "op-1").ToList();
        Assert.Equal(["Input Tokens", "Cache Read Input Tokens", "Output Tokens"], classes.Select(row => row["SkuMeter"]));
        Assert.Equal(120m, classes.Sum(row => decimal.Parse(row["ConsumedQuantity"], CultureInfo.InvariantCulture)));
        Assert.Equal(Sum(whole.Where(row => row["x_OperationId"] == "op-1")), Sum(classes));
        Assert.All(classes, row =>
        {
            Assert.Equal(("user-1", "key-1", "1000000 Tokens"), (row["ConsumerId"], row["PrincipalId"], row["PricingUnit"]));
            Assert.Contains("\"ModelId\":\"gpt-4o\"", row["SkuPriceDetails"], StringComparison.Ordinal);
        });
        Assert.Contains("\"TokenCacheAction\":\"Read\"", classes[1]["SkuPriceDetails"], StringComparison.Ordinal);

        // A stated amount has no classes: the row is the whole charge.
        Assert.Equal("0.25", Assert.Single(rows, row => row["x_OperationId"] == "op-2")["ListUnitPrice"]);

        static decimal Sum(IEnumerable<Dictionary<string, string>> rows) =>
            rows.Sum(row => decimal.Parse(row["BilledCost"], CultureInfo.InvariantCulture));
    }

    /// <summary>The command says that every rule passes, whose number is at least <paramref name="minimum"/>.</summary>
    private static async Task PassesAsync(string csv, int minimum, params string[] more)
    {
        string[] criteria =
        [
            "ACCOUNT_NAMING_SUPPORTED", "USAGE_MEASUREMENT_SUPPORTED", "SUB_ACCOUNT_SUPPORTED", "TAGGING_SUPPORTED", "UNIT_PRICING_SUPPORTED",
            "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED", "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED", "DATA_GENERATOR_SPLIT_COST_ALLOCATION_SUPPORTED", .. more,
        ];
        var file = Path.Combine(Path.GetTempPath(), $"tieout-focus-{Guid.NewGuid():N}.csv");
        await File.WriteAllTextAsync(file, csv, TestContext.Current.CancellationToken);
        try
        {
            var run = await CliRun.StartAsync(["focus", "check", file, "--json", .. criteria.SelectMany(name => (string[])["--supports", name])], _ => null);
            Assert.True(run.ExitCode == 0, run.Out + run.Error);
            Assert.True(run.Json.GetProperty("finding_count").GetInt32() == 0, run.Out);
            Assert.Equal(run.Json.GetProperty("applicable").GetInt32(), run.Json.GetProperty("passed").GetInt32());
            Assert.True(run.Json.GetProperty("applicable").GetInt32() >= minimum, run.Json.GetProperty("applicable").ToString());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task CorrectAsync(ApiWorld world, string operation, string id, string amount, string org = "acme")
    {
        var posting = (await world.GetAsync($"/trace/{operation}")).GetProperty("steps")
            .EnumerateArray().First(step => step.GetProperty("kind").GetString() == "posting").GetProperty("id").GetString();
        await world.OkAsync(
            HttpMethod.Post, $"/orgs/{org}/corrections", $$"""{"id":"{{id}}","posting":{{posting}},"new_amount":"{{amount}}","reason":"too dear"}""");
    }

    private static List<Dictionary<string, string>> Rows(string csv) => CsvText.Table(csv).Rows;
}
