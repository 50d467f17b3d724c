using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>Each way to misbehave, as a client sees it and as the provider bills it.</summary>
public sealed class FaultTests
{
    private const string Request = """{"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]}""";
    private const string StreamRequest =
        """{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hello"}]}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("429", "requests", "rate_limit_exceeded")]
    [InlineData("500", "server_error", null)]
    public async Task An_error_has_the_providers_body_and_is_not_billed(string fault, string type, string? code)
    {
        await using var provider = await RunningProvider.StartAsync();

        foreach (var body in new[] { Request, StreamRequest })
        {
            using var response = await provider.PostAsync(body, ("X-Sim-Fault", fault), ("X-Sim-Prompt-Tokens", "50"));
            var error = JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop)).GetProperty("error");

            Assert.Equal(fault, ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal(fault == "429" ? TimeSpan.FromSeconds(1) : null, response.Headers.RetryAfter?.Delta);
            Assert.Equal((type, code), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        }

        var totals = provider.Log.Totals();
        Assert.Equal((2, 0, 0), (totals.Calls, totals.Billed, totals.PromptTokens));
    }

    [Fact]
    public async Task A_stream_has_openais_events_in_order()
    {
        await using var provider = await RunningProvider.StartAsync();

        var (events, whole) = await provider.PostStreamAsync(StreamRequest, ("X-Sim-Completion-Tokens", "3"));

        // Role, three pieces of text, finish, usage, done.
        Assert.True(whole);
        Assert.Equal(7, events.Count);
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(text => JsonElement.Parse(text)).ToList();
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct());
        Assert.Equal("assistant", chunks[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        Assert.All(chunks.SkipLast(1), chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        Assert.Equal(3, chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_stream_says_nothing_of_usage_unless_asked()
    {
        await using var provider = await RunningProvider.StartAsync();

        var (events, _) = await provider.PostStreamAsync(StreamRequest.Replace("true}", "false}", StringComparison.Ordinal), ("X-Sim-Completion-Tokens", "3"));

        Assert.Equal(6, events.Count);
        Assert.DoesNotContain(events, text => text.Contains("usage", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(99, 6)] // A cut is always before the end: all but [DONE].
    public async Task A_cut_stream_ends_after_so_many_events_and_is_billed_whole(int after, int arrived)
    {
        await using var provider = await RunningProvider.StartAsync();

        var (events, whole) = await provider.PostStreamAsync(StreamRequest, ("X-Sim-Fault", $"cut:{after}"), ("X-Sim-Completion-Tokens", "3"));

        Assert.False(whole);
        Assert.Equal(arrived, events.Count);
        Assert.Equal(3, provider.Log.Totals().CompletionTokens);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(40, 40)]
    [InlineData(100_000, -1)]
    public async Task A_cut_body_ends_after_so_many_bytes(int after, int arrived)
    {
        await using var provider = await RunningProvider.StartAsync();

        using var response = await provider.PostAsync(Request, ("X-Sim-Fault", $"cut:{after}"));
        var promised = (int)response.Content.Headers.ContentLength!.Value;
        await using var body = await response.Content.ReadAsStreamAsync(Stop);
        var buffer = new byte[promised];
        var read = 0;
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true) read += await body.ReadAsync(buffer.AsMemory(read), Stop);
        });

        Assert.Equal(arrived >= 0 ? arrived : promised - 1, read);
    }

    [Fact]
    public async Task No_usage_leaves_it_out_but_bills_it()
    {
        await using var provider = await RunningProvider.StartAsync();

        var whole = await provider.PostJsonAsync(Request, ("X-Sim-Fault", "no-usage"));
        var (events, complete) = await provider.PostStreamAsync(StreamRequest, ("X-Sim-Fault", "no-usage"));

        Assert.False(whole.TryGetProperty("usage", out _));
        Assert.True(complete);
        Assert.DoesNotContain(events, text => text.Contains("usage", StringComparison.Ordinal));
        Assert.Equal(32, provider.Log.Totals().CompletionTokens);
    }

    [Fact]
    public async Task Usage_twice_sends_a_running_count_before_the_final_one()
    {
        await using var provider = await RunningProvider.StartAsync();

        using var response = await provider.PostAsync(Request, ("X-Sim-Fault", "usage-twice"));
        var body = await response.Content.ReadAsStringAsync(Stop);
        var (events, _) = await provider.PostStreamAsync(StreamRequest, ("X-Sim-Fault", "usage-twice"));

        Assert.Equal(3, body.Split("\"usage\":").Length);
        Assert.Equal(16, JsonElement.Parse(body).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal([8, 16], events.SkipLast(1).Select(text => JsonElement.Parse(text).GetProperty("usage"))
            .Where(usage => usage.ValueKind is JsonValueKind.Object).Select(usage => usage.GetProperty("completion_tokens").GetInt32()));
    }

    [Fact]
    public async Task Slow_waits_before_the_first_byte_and_goes_with_other_faults()
    {
        await using var provider = await RunningProvider.StartAsync();
        var start = Stopwatch.GetTimestamp();

        using var response = await provider.PostAsync(Request, ("X-Sim-Fault", "slow:150, 500"));

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 140, 10_000);
    }

    [Fact]
    public async Task Pace_waits_between_the_events_of_a_stream()
    {
        await using var provider = await RunningProvider.StartAsync();
        var start = Stopwatch.GetTimestamp();

        using var response = await provider.PostAsync(StreamRequest, ("X-Sim-Fault", "pace:50"), ("X-Sim-Completion-Tokens", "3"));
        var headersAfter = Stopwatch.GetElapsedTime(start);
        await response.Content.ReadAsStringAsync(Stop);

        // Seven events, six pauses.
        Assert.InRange((Stopwatch.GetElapsedTime(start) - headersAfter).TotalMilliseconds, 250, 10_000);
    }

    [Fact]
    public async Task Chaos_is_the_same_for_the_same_seed_and_near_its_rate()
    {
        var first = await StatusesAsync(seed: 7);
        var again = await StatusesAsync(seed: 7);
        var other = await StatusesAsync(seed: 8);

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.InRange(first.Count(status => status != 200), 60, 140); // 100 of 400 expected, σ below 9.
    }

    [Fact]
    public async Task Chaos_spares_a_request_that_names_its_own_fault()
    {
        await using var provider = await RunningProvider.StartAsync(new() { FaultRate = 1 });

        using var response = await provider.PostAsync(Request, ("X-Sim-Fault", "none"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True((await response.Content.ReadAsStringAsync(Stop)).Length > 0);
    }

    private static async Task<List<int>> StatusesAsync(int seed)
    {
        await using var provider = await RunningProvider.StartAsync(new() { Seed = seed, FaultRate = 0.25m, ChaosFaults = ["429", "500"] });
        for (var i = 0; i < 400; i++) (await provider.PostAsync(Request)).Dispose();
        return [.. provider.Log.Calls().Select(call => call.Status)];
    }
}
