using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary>How much one record may count, and what becomes of units without a rate, at every door for usage measured elsewhere.</summary>
public sealed class CountLimitTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: 923 of these overflowed an hourly cell; the store refused the flush, the process ended, and every start ended the same way.
    [Fact]
    public async Task A_count_of_a_million_million_is_refused_at_every_door_and_figures_go_on()
    {
        await using var world = await ApiWorld.StartAsync();
        const string tokens = "1000000000000";
        var records = string.Join(',', Enumerable.Range(0, 923).Select(i =>
            $$"""{"id":"r{{i}}","occurred_at":"{{Sending.At}}","org":"acme","provider":"openai","model":"text-embedding-3-small","input_tokens":1,"output_tokens":{{tokens}}}"""));

        var taken = await world.UsageAsync($"[{records}]");
        Assert.Equal(923, taken.Items.Length);
        Assert.All(taken.Items, item => Assert.Equal("count_too_large", item.GetProperty("code").GetString()));
        var events =
            await world.EventsAsync(
                $$$"""[{"specversion":"1.0","id":"e","source":"s","type":"ai.usage.attempt.v1","subject":"acme","time":"{{{Sending.At}}}","data":{"model":"gpt-4o","input_tokens":"{{{tokens}}}"}}]""");
        Assert.Equal("count_too_large", Assert.Single(events.Items).GetProperty("code").GetString());

        Assert.Equal(1, (await world.UsageAsync($"[{Sending.Record("fine")}]")).Accepted);
        Assert.Equal("normal", (await world.GetAsync("/costs/today")).GetProperty("severity").GetString());
        Assert.Single(await world.RowsAsync());
    }

    [Theory]
    [InlineData("gpt-4o", 2_048_000, true)] // 16 windows of 128,000
    [InlineData("gpt-4o", 2_048_001, false)]
    [InlineData("text-embedding-3-small", 1_000_000, true)] // never less than a million
    [InlineData("text-embedding-3-small", 1_000_001, false)]
    public async Task A_record_counts_at_most_sixteen_windows_of_its_model(string model, int input, bool isTaken)
    {
        await using var world = await ApiWorld.StartAsync();

        var taken = await world.TakeAsync("/api/v1/usage?items=all", $"[{Sending.Record("a", model: model, input: input)}]");

        var item = Assert.Single(taken.Items);
        Assert.Equal(isTaken ? "accepted" : "refused", item.GetProperty("status").GetString());
        if (!isTaken)
        {
            Assert.Contains($"{input} input_tokens are more than one record may count, which is {input - 1} for '{model}'",
                item.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Amounts_that_are_stated_do_not_excuse_a_count()
    {
        await using var world = await ApiWorld.StartAsync();

        var taken = await world.UsageAsync($"[{Sending.Record("a", ",\"charge\":\"1\",\"units\":{\"gpu_seconds\":1000000001}")}]");

        Assert.Equal("count_too_large", Assert.Single(taken.Items).GetProperty("code").GetString());
    }

    // Goal: a unit without a rate is never free in silence.
    [Fact]
    public async Task Units_without_a_rate_are_a_finding_that_names_them()
    {
        await using var world = await ApiWorld.StartAsync();

        Assert.Equal(1, (await world.UsageAsync($"[{Sending.Record("a", ",\"units\":{\"gpu_seconds\":7,\"web_searches\":0}")}]")).Accepted);

        var finding = Assert.Single(await world.Ledger.Read.FindingsAsync("acme", 10, Stop));
        Assert.Equal("unpriced_dimension", finding.Code.Name);
        using var detail = JsonDocument.Parse(finding.Detail);
        Assert.Equal(("openai", "gpt-4o"), (detail.RootElement.GetProperty("provider").GetString(), detail.RootElement.GetProperty("model").GetString()));
        Assert.Equal("""{"gpu_seconds":7}""", detail.RootElement.GetProperty("unpriced").GetRawText());
        Assert.Contains("unpriced", Assert.Single(await world.RowsAsync()).GetProperty("usage_flags").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_and_a_credit_line_may_be_larger_than_one_charge()
    {
        await using var world = await ApiWorld.StartAsync();
        var largest = Core.Money.Amount.SumMax.ToString();

        await world.OkAsync(HttpMethod.Post, "/orgs", $$"""{"id":"jakarta","asset":"IDR","billing":"postpaid","credit_line":"{{largest}}"}""");
        var budget = await world.OkAsync(HttpMethod.Put, "/orgs/jakarta/budgets", $$"""{"window":"month","limit":"{{largest}}","hard":true}""");

        Assert.Equal(largest, budget.GetProperty("limit").GetString());
        Assert.Equal(largest, (await world.GetAsync("/orgs/jakarta")).GetProperty("credit_line").GetString());
    }
}
