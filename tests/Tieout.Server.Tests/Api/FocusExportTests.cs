using System.Globalization;
using Tieout.Tests;

namespace Tieout.Server.Tests.Api;

/// <summary>The export as FOCUS 1.3 wants it, against the specification's own rules about columns.</summary>
public sealed class FocusExportTests
{
    [Fact]
    public async Task I1_the_rows_sum_to_the_invoice_and_every_mandatory_column_is_there_and_filled()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("3.25", project: "web", operation: "op-1");
        await world.ChargeAsync("2", operation: "op-2");
        var posting = (await world.GetAsync("/trace/op-1")).GetProperty("steps").EnumerateArray().Single(step => step.GetProperty("kind").GetString() == "posting").GetProperty("id").GetString();
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"fix-1","posting":{{posting}},"new_amount":"3","reason":"=too, dear"}""");
        var run = await world.RunAsync("usage", "acme", "--format", "focus");
        Assert.True(run.ExitCode == 0, run.Error);
        var rows = Rows(run.Out);
        Assert.Equal(4, rows.Count);
        Assert.Equal(5m, rows.Sum(row => decimal.Parse(row["BilledCost"], CultureInfo.InvariantCulture)));
        Assert.Equal(["Usage", "Usage", "Adjustment", "Adjustment"], rows.Select(row => row["ChargeCategory"]));
        Assert.Contains(rows, row => row["ChargeDescription"].EndsWith("=too, dear", StringComparison.Ordinal) && row["BilledCost"] == "-3.25");

        // column,presence,level,...: what the specification calls mandatory, and whether it may be null.
        foreach (var line in (await File.ReadAllLinesAsync(Repo.SharedData("focus/1.3/columns-derived.csv"), TestContext.Current.CancellationToken)).Skip(1).Select(line => line.Split(',')))
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
            foreach (var column in row.Keys.Where(column => column.EndsWith("Start", StringComparison.Ordinal) || column.EndsWith("End", StringComparison.Ordinal)))
            {
                Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", row[column]);
            }

            Assert.True(string.CompareOrdinal(row["ChargePeriodStart"], row["ChargePeriodEnd"]) < 0);
        }

        // A filter holds for corrections too.
        Assert.Equal(3, Rows((await world.RunAsync("usage", "acme", "--format", "focus", "--project", "web")).Out).Count);
    }

    private static List<Dictionary<string, string>> Rows(string csv)
    {
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Cells).ToList();
        return [.. lines.Skip(1).Select(cells => lines[0].Zip(cells).ToDictionary(pair => pair.First, pair => pair.Second))];
    }

    private static string[] Cells(string line)
    {
        List<string> cells = [""];
        var quoted = false;
        foreach (var c in line)
        {
            if (c == '"') quoted = !quoted;
            else if (c == ',' && !quoted) cells.Add("");
            else cells[^1] += c;
        }

        return [.. cells];
    }
}
