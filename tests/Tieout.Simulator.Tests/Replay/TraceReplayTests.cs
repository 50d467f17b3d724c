using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Money;
using Tieout.Simulator.Replay;
using Tieout.Simulator.Tests.Provider;

namespace Tieout.Simulator.Tests.Replay;

/// <summary>The replay, against the simulated provider itself and against a gateway that only states costs.</summary>
public sealed class TraceReplayTests
{
    private static readonly TraceRow[] ThreeRows =
        [new(TimeSpan.Zero, 100, 10), new(TimeSpan.FromSeconds(1), 20_000, 20, 512), new(TimeSpan.FromSeconds(2), 0, 0)];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_row_arrives_once_with_its_counts()
    {
        await using var provider = await RunningProvider.StartAsync();
        var rows = SyntheticHour.Rows(count: 500);

        var summary = await RunAsync(new() { Server = provider.Root, ApiKey = "k", Model = "gpt-4o", Concurrency = 16, StreamPercent = 30 }, rows);

        Assert.Equal((500, 500, 0, 150), (summary.Sent, summary.Ok, summary.Failed, summary.Streamed));
        Assert.Equal(500, summary.CostUnknown); // The provider states no cost; a gateway does.
        var totals = provider.Log.Totals();
        Assert.Equal((500, rows.Sum(row => (long)row.InputTokens), rows.Sum(row => (long)row.OutputTokens)),
            (totals.Billed, totals.PromptTokens, totals.CompletionTokens));
        Assert.Equal(
            rows.Select(row => (row.InputTokens, row.OutputTokens)).Order(),
            provider.Log.Calls().Select(call => (call.PromptTokens, call.CompletionTokens)).Order());
        Assert.Equal(150, provider.Log.Calls().Count(call => call.Stream));
    }

    [Fact]
    public async Task The_request_is_a_real_one_of_as_many_bytes_as_tokens()
    {
        var bodies = new List<JsonElement>();
        await using var gateway = await FakeGatewayAsync(async context =>
        {
            bodies.Add((await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: Stop)).RootElement);
            Assert.Equal("Bearer sk-tenant", context.Request.Headers.Authorization.ToString());
        });

        await RunAsync(new() { Server = new(gateway.Urls.Single()), ApiKey = "sk-tenant", Model = "a \"quoted\" model", Concurrency = 1 }, ThreeRows);

        Assert.Equal([100, 20_000, 1], bodies.Select(body => body.GetProperty("messages")[0].GetProperty("content").GetString()!.Length));
        Assert.Equal([10, 20, 1], bodies.Select(body => body.GetProperty("max_tokens").GetInt32()));
        Assert.All(bodies, body => Assert.Equal("a \"quoted\" model", body.GetProperty("model").GetString()));
    }

    [Fact]
    public async Task Costs_are_summed_exactly_and_refusals_counted_by_status()
    {
        var number = 0;
        await using var gateway = await FakeGatewayAsync(context =>
        {
            var n = Interlocked.Increment(ref number);
            context.Response.StatusCode = n % 10 == 0 ? 402 : n % 10 == 1 ? 429 : n % 10 == 2 ? 503 : 200;
            if (context.Response.StatusCode == 200) context.Response.Headers["Tieout-Cost"] = "0.100000001";
            return Task.CompletedTask;
        });

        var summary = await RunAsync(new() { Server = new(gateway.Urls.Single()), ApiKey = "k", Model = "m" }, SyntheticHour.Rows(count: 100));

        Assert.Equal((100, 70, 20, 10), (summary.Sent, summary.Ok, summary.RefusedTotal, summary.Failed));
        Assert.Equal([new("402", 10), new("429", 10)], summary.Refused);
        Assert.Equal([new("503", 10)], summary.Failures);
        Assert.Equal("7.00000007", summary.Cost);
        Assert.Equal(0, summary.CostUnknown);
        Assert.False(summary.ServerUnreachable);
    }

    [Fact]
    public async Task A_shape_decides_tags_key_and_model_and_the_cost_of_a_stream_is_asked_for()
    {
        var seen = new List<string>();
        await using var gateway = await FakeGatewayAsync(context =>
        {
            seen.Add($"{context.Request.Headers.Authorization} {context.Request.Headers["Tieout-Feature"]}");
            context.Response.Headers["Tieout-Operation"] = $"op-{seen.Count}";
            return Task.CompletedTask;
        });

        var summary = await RunAsync(
            new()
            {
                Server = new(gateway.Urls.Single()),
                ApiKey = "own",
                Model = "m",
                Concurrency = 1,
                StreamPercent = 100,
                Shape = (row, number) => new(row, [new("Tieout-Feature", $"f{number}")], number == 1 ? "other" : null),
                CostOf = (operation, _) => Task.FromResult<Amount?>(operation == "op-3" ? null : Amount.Parse("0.25")),
            },
            ThreeRows);

        Assert.Equal(["Bearer own f0", "Bearer other f1", "Bearer own f2"], seen);
        Assert.Equal(("0.5", 1, 3), (summary.Cost, summary.CostUnknown, summary.Streamed));
    }

    [Fact]
    public async Task Faults_on_the_way_are_failures_by_cause()
    {
        await using var provider = await RunningProvider.StartAsync();
        string[] faults = ["cut:10", "429", "500", "slow:60000", "none", "cut:1"];

        var summary = await RunAsync(
            new()
            {
                Server = provider.Root,
                ApiKey = "k",
                Model = "m",
                Timeout = TimeSpan.FromMilliseconds(2_500),
                Shape = (row, number) => new(row, [new("X-Sim-Fault", faults[number])]),
            },
            SyntheticHour.Rows(count: faults.Length));

        Assert.Equal([new("500", 1), new("broken", 2), new("timeout", 1)], summary.Failures);
        Assert.Equal([new("429", 1)], summary.Refused);
        Assert.Equal(1, summary.Ok);
    }

    [Fact]
    public async Task No_server_is_said_to_be_unreachable()
    {
        await using var gateway = await FakeGatewayAsync(_ => Task.CompletedTask);
        var address = new Uri(gateway.Urls.Single());
        await gateway.StopAsync(Stop);

        var summary = await RunAsync(new() { Server = address, ApiKey = "k", Model = "m" }, ThreeRows);

        Assert.True(summary.ServerUnreachable);
        Assert.Equal([new("connect", 3)], summary.Failures);
    }

    [Fact]
    public async Task No_more_than_the_allowed_number_are_under_way()
    {
        var (now, most) = (0, 0);
        await using var gateway = await FakeGatewayAsync(async _ =>
        {
            var current = Interlocked.Increment(ref now);
            lock (ThreeRows) most = Math.Max(most, current);
            await Task.Delay(5, Stop);
            Interlocked.Decrement(ref now);
        });

        await RunAsync(new() { Server = new(gateway.Urls.Single()), ApiKey = "k", Model = "m", Concurrency = 7 }, SyntheticHour.Rows(count: 100));

        Assert.Equal(7, most);
    }

    [Theory]
    [InlineData(0, 0, 9_000)]
    [InlineData(10, 990, 9_000)] // Ten seconds of trace, ten times faster; a timer may be a millisecond early.
    public async Task Speed_is_a_multiple_of_the_traces_own_time(int speed, int leastMs, int mostMs)
    {
        await using var gateway = await FakeGatewayAsync(_ => Task.CompletedTask);
        var rows = Enumerable.Range(0, 11).Select(second => new TraceRow(TimeSpan.FromSeconds(second), 10, 1));

        var summary = await RunAsync(new() { Server = new(gateway.Urls.Single()), ApiKey = "k", Model = "m", Speed = speed }, rows);

        Assert.InRange(summary.DurationS, leastMs / 1000m, mostMs / 1000m);
    }

    [Fact]
    public async Task Progress_is_told_while_it_runs_and_once_at_the_end()
    {
        await using var gateway = await FakeGatewayAsync(context =>
        {
            context.Response.Headers["Tieout-Cost"] = "1";
            return Task.Delay(20, Stop);
        });
        var told = new List<ReplayProgress>();

        await RunAsync(
            new()
            {
                Server = new(gateway.Urls.Single()),
                ApiKey = "k",
                Model = "m",
                Concurrency = 2,
                ProgressEvery = TimeSpan.FromMilliseconds(50),
                Progress = told.Add
            },
            SyntheticHour.Rows(count: 50));

        Assert.True(told.Count > 2, $"told {told.Count} times");
        Assert.Equal((50, 50, Amount.Parse("50")), (told[^1].Sent, told[^1].Ok, told[^1].Cost));
        Assert.Equal(told.Select(progress => progress.Ok).Order(), told.Select(progress => progress.Ok));
        Assert.True(told[^1].RequestsPerSecond > 0);
    }

    [Fact]
    public async Task A_replay_can_be_cancelled()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        using var replay = new TraceReplay(new() { Server = provider.Root, ApiKey = "k", Model = "m", Speed = 1, Progress = _ => { } });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => replay.RunAsync(SyntheticHour.Rows(), patience.Token));
    }

    [Fact]
    public async Task The_summary_is_json_with_snake_case_names()
    {
        await using var gateway = await FakeGatewayAsync(context =>
        {
            context.Response.Headers["Tieout-Cost"] = "0.5";
            return Task.CompletedTask;
        });

        var summary = await RunAsync(new() { Server = new(gateway.Urls.Single()), ApiKey = "k", Model = "m" }, ThreeRows);
        var json = JsonElement.Parse(JsonSerializer.Serialize(summary, ReplayJson.Default.ReplaySummary));

        Assert.Equal(
            ["sent", "ok", "refused", "failed", "failures", "cost", "cost_unknown", "streamed", "duration_s", "requests_per_s", "p50_ms", "p99_ms"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal("1.5", json.GetProperty("cost").GetString());
    }

    private static async Task<ReplaySummary> RunAsync(ReplayOptions options, IEnumerable<TraceRow> rows)
    {
        using var replay = new TraceReplay(options);
        return await replay.RunAsync(rows, Stop);
    }

    private static async Task<WebApplication> FakeGatewayAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context => answer(context));
        await app.StartAsync(Stop);
        return app;
    }
}
