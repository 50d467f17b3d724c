using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Batches: each line held for, recorded and charged once, at batch prices.</summary>
public sealed class BatchesTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task M1_each_line_is_one_hold_one_record_and_one_charge_at_half_the_price()
    {
        await using var world = await BatchesWorld.StartAsync();
        var file = await world.FileAsync(
            BatchesWorld.Line("first", sims: BatchesWorld.Sims(1000, 100)), BatchesWorld.Line("second", "cheap", BatchesWorld.Sims(2000, 50)),
            BatchesWorld.Line("third", sims: "\"X-Sim-Fault\":\"500\""));

        var batch = await world.BatchAsync(file, "Tieout-Operation: nightly", "Tieout-Feature: report");

        Assert.Equal(3, world.Read.OpenHolds(World.Org).Count);
        Assert.Empty(await world.UsageAsync());
        Assert.Equal("in_progress", (await world.GetAsync($"/v1/batches/{batch}")).GetProperty("status").GetString());
        var ended = await world.EndedAsync(batch);

        // gpt-4o 2.50 and 10 a million, gpt-4o-mini 0.15 and 0.60; half of it: 0.00175 and 0.000165.
        var rows = (await world.UsageAsync()).OrderBy(row => row.Usage.OperationId, StringComparer.Ordinal).ToArray();
        Assert.Equal(["nightly:first", "nightly:second", "nightly:third"], rows.Select(row => row.Usage.OperationId));
        Assert.Equal([Amount.Parse("0.00175"), Amount.Parse("0.000165"), Amount.Zero], rows.Select(row => row.Charge));
        Assert.Equal([UsageBasis.Reported, UsageBasis.Reported, UsageBasis.Failed], rows.Select(row => row.Usage.Basis));
        Assert.Equal(["gpt-4o", "gpt-4o-mini", "gpt-4o"], rows.Select(row => row.Usage.Labels.Model));
        Assert.All(rows, row => Assert.Equal("report", row.Usage.Labels.Feature));
        Assert.Equal(Amount.Parse("0.001915"), await world.TiesOutAsync());
        var output = await (await world.SendAsync(HttpMethod.Get, $"/v1/files/{ended.GetProperty("output_file_id").GetString()}/content")).TextAsync();
        Assert.Equal(2, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData("budget")]
    [InlineData("balance")]
    public async Task B1_a_batch_that_is_not_covered_is_refused_whole_and_nothing_is_sent(string what)
    {
        // Each line may cost up to some 0.0008 at batch prices: two fit, three do not.
        await using var world = await BatchesWorld.StartAsync(topUp: what == "balance" ? "0.002" : "1000");
        if (what == "budget") await world.SetBudgetAsync("0.002");
        var file = await world.FileAsync([.. Enumerable.Range(0, 3).Select(i => BatchesWorld.Line($"line-{i}"))]);

        var error = await (await world.CreateAsync(file)).ErrorAsync(402);

        Assert.Equal(what == "budget" ? "budget_exhausted" : "insufficient_balance", error.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("has 0.002 left", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(world.Read.OpenHolds(null));
        Assert.Equal(what == "balance" ? "0.002" : "1000", world.Read.Balance(World.Org)!.Available!.Value.ToString());
        Assert.DoesNotContain(world.Bill.Calls(), call => call.Endpoint == "batches");
        await world.BatchAsync(await world.FileAsync(BatchesWorld.Line("line-0"), BatchesWorld.Line("line-1")));
    }

    [Fact]
    public async Task E46_E47_E48_whoever_looks_and_however_often_each_line_is_charged_once()
    {
        await using var world = await BatchesWorld.StartAsync();
        var file = await world.FileAsync([.. Enumerable.Range(0, 20).Select(i => BatchesWorld.Line($"line {i}", sims: BatchesWorld.Sims(1000, 100)))]);
        var batch = await world.BatchAsync(file, "X-Sim-Batch: twice");

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => world.GetAsync($"/v1/batches/{batch}")));
        var ended = await world.EndedAsync(batch);
        await world.GetAsync("/v1/batches");
        await (await world.SendAsync(HttpMethod.Get, $"/v1/files/{ended.GetProperty("output_file_id").GetString()}/content")).TextAsync();

        var rows = await world.UsageAsync();
        Assert.Equal(20, rows.Count);
        Assert.Equal(20, rows.Select(row => row.Usage.OperationId).Distinct().Count());
        Assert.Equal(world.Bill.Totals().PromptTokens, rows.Sum(row => row.Usage.Counts.InputTokens));
        Assert.Equal(Amount.Parse("0.035"), await world.TiesOutAsync());
        Assert.DoesNotContain(await world.Read.FindingsAsync(World.Org, 100, Stop), finding => finding.Code.Name != "usage_above_ceiling");
    }

    [Theory]
    [InlineData("done:1", false, "expired", 1)]
    [InlineData("done:2,polls:100", true, "cancelled", 2)]
    [InlineData("polls:100", true, "cancelled", 0)]
    [InlineData("failed", false, "failed", 0)]
    public async Task What_was_never_worked_at_is_let_go(string wish, bool cancels, string status, int charged)
    {
        await using var world = await BatchesWorld.StartAsync();
        var file = await world.FileAsync([.. Enumerable.Range(0, 3).Select(i => BatchesWorld.Line($"line-{i}", sims: BatchesWorld.Sims(1000, 100)))]);
        var batch = await world.BatchAsync(file, $"X-Sim-Batch: {wish}");

        if (cancels) await (await world.SendAsync(HttpMethod.Post, $"/v1/batches/{batch}/cancel")).TextAsync();
        var ended = await world.EndedAsync(batch);

        Assert.Equal(status, ended.GetProperty("status").GetString());
        Assert.Equal(charged, (await world.UsageAsync()).Count);
        Assert.Equal(new Amount(Amount.Parse("0.00175").Nanos * charged), await world.TiesOutAsync());
        Assert.Equal(charged, world.Bill.Totals().Billed);
        Assert.DoesNotContain(await world.Read.FindingsAsync(World.Org, 100, Stop), finding => finding.Code.Name != "usage_above_ceiling");
    }

    // claude-sonnet-4-5 10 × 3 + 20 × 15, claude-haiku-4-5 2,000 × 1 + 300 × 5 a million; half of it.
    [Fact]
    public async Task E45_calls_within_a_line_are_records_of_their_own_at_half_their_own_models_price()
    {
        await using var world = await BatchesWorld.StartAsync();
        using var made = await world.PostAsync(
            "/v1/messages/batches",
            """{"requests":[{"custom_id":"a","params":{"model":"claude-sonnet-4-5","max_tokens":200,"messages":[{"role":"user","content":"How much?"}]}}]}""",
            $"x-api-key: {World.Secret}", "X-Sim-Prompt-Tokens: 10", "X-Sim-Completion-Tokens: 20",
            "X-Sim-Iterations: advisor_message:claude-haiku-4-5:2000:300", "Tieout-Operation: nightly");
        var id = System.Text.Json.JsonElement.Parse(await made.Content.ReadAsStringAsync(Stop)).GetProperty("id").GetString();

        for (var i = 0; i < 3; i++) await world.GetAsync($"/v1/messages/batches/{id}");

        var rows = await world.UsageAsync();
        Assert.Equal([("claude-haiku-4-5", Amount.Parse("0.00175")), ("claude-sonnet-4-5", Amount.Parse("0.000165"))],
            rows.Select(row => (row.Usage.Labels.Model, row.Charge)).Order());
        Assert.All(rows, row => Assert.Equal("nightly:a", row.Usage.OperationId));
        Assert.Equal(Amount.Parse("0.001915"), await world.TiesOutAsync());
    }

    [Fact]
    public async Task A_batch_that_nobody_asks_for_is_charged_all_the_same()
    {
        await using var world = await BatchesWorld.StartAsync(poll: TimeSpan.FromMilliseconds(100));
        await world.BatchAsync(await world.FileAsync(BatchesWorld.Line("only", sims: BatchesWorld.Sims(1000, 100))));

        await world.RecordedAsync(1, "the line is charged");

        await World.SoonAsync(() => Task.FromResult(world.Read.OpenHolds(null).Count == 0), "the hold has ended");
        Assert.Equal(Amount.Parse("0.00175"), await world.TiesOutAsync());
    }

    [Fact]
    public async Task A_batch_outlives_the_server_that_sent_it()
    {
        var before = await BatchesWorld.StartAsync();
        var file = await before.FileAsync(BatchesWorld.Line("only", sims: BatchesWorld.Sims(1000, 100)));
        var batch = await before.BatchAsync(file);

        await using var world =
            await before.RestartedAsync(options => options with { Gateway = options.Gateway with { BatchPollInterval = TimeSpan.FromMilliseconds(100) } });
        await world.RecordedAsync(1, "the line is charged");

        Assert.Equal("completed", (await world.EndedAsync(batch)).GetProperty("status").GetString());
        Assert.Equal(file, (await world.GetAsync($"/v1/files/{file}")).GetProperty("id").GetString());
        Assert.Equal(Amount.Parse("0.00175"), await world.TiesOutAsync());
    }

    [Fact]
    public async Task M4_the_end_of_a_batch_is_not_seen_before_it_is_recorded()
    {
        await using var world = await BatchesWorld.StartAsync();
        var batch = await world.BatchAsync(await world.FileAsync(BatchesWorld.Line("only", sims: BatchesWorld.Sims(1000, 100))));
        await world.GetAsync($"/v1/batches/{batch}");
        world.Ledger.Broken = command => command is Command.EndObject;

        await (await world.SendAsync(HttpMethod.Get, $"/v1/batches/{batch}")).ErrorAsync(503);
        world.Ledger.Broken = null;
        var ended = await world.EndedAsync(batch);

        Assert.Equal("completed", ended.GetProperty("status").GetString());
        Assert.Equal(Amount.Parse("0.00175"), await world.TiesOutAsync());
    }

    [Fact]
    public async Task A_batch_that_was_made_and_not_recorded_is_found_again()
    {
        await using var world =
            await BatchesWorld.StartAsync(poll: TimeSpan.FromMilliseconds(200), gateway: options => options with { RequestTimeout = TimeSpan.FromSeconds(2) });
        var file = await world.FileAsync(BatchesWorld.Line("only", sims: BatchesWorld.Sims(1000, 100)));
        world.Ledger.Broken = command => command is Command.KeepObject { Object.Id: var id } && id.StartsWith("batch_", StringComparison.Ordinal);

        await (await world.CreateAsync(file)).ErrorAsync(503);
        Assert.Single(world.Read.OpenHolds(null));
        world.Ledger.Broken = null;

        await world.RecordedAsync(1, "the line is charged");
        Assert.Equal(Amount.Parse("0.00175"), await world.TiesOutAsync());
        Assert.Equal(1, (await world.GetAsync("/v1/batches")).GetProperty("data").GetArrayLength());
    }

    [Theory]
    [InlineData("X-Sim-Fault: 429", 429)]
    [InlineData("X-Sim-Batch: nonsense", 400)]
    public async Task A_batch_that_the_provider_refuses_costs_nothing(string header, int status)
    {
        await using var world = await BatchesWorld.StartAsync();
        var file = await world.FileAsync(BatchesWorld.Line("only"));

        await (await world.CreateAsync(file, header)).ErrorAsync(status);

        Assert.Empty(await world.UsageAsync());
        Assert.Equal(Amount.Zero, await world.TiesOutAsync());
    }

    [Fact]
    public async Task Ten_thousand_lines_are_held_for_and_charged_one_by_one()
    {
        await using var world = await BatchesWorld.StartAsync();
        var file = await world.FileAsync([.. Enumerable.Range(0, 10_000).Select(i => BatchesWorld.Line($"line-{i}", sims: BatchesWorld.Sims(10, 1)))]);
        var batch = await world.BatchAsync(file);
        Assert.Equal(10_000, world.Read.OpenHolds(null).Count);

        await world.EndedAsync(batch);

        // (10 × 2.50 + 1 × 10) / 1,000,000 / 2 each.
        Assert.Equal(10_000, (await world.UsageAsync()).Count);
        Assert.Equal(Amount.Parse("0.175"), await world.TiesOutAsync());
    }
}
