using System.Diagnostics;
using System.Text.Json;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>Each fault once in each dialect that streams. <see cref="FaultTests"/> has what is common to all.</summary>
public sealed class DialectFaultTests
{
    private static readonly (string, string)[] Counts = [("X-Sim-Prompt-Tokens", "100"), ("X-Sim-Completion-Tokens", "8")];

    // Path, body, and where in an event its count of completion tokens stands, from the event's root.
    public static readonly TheoryData<string, string, string> Streams = new()
    {
        { "/v1/chat/completions", """{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[]}""", "usage.completion_tokens" },
        { "/v1/completions", """{"model":"m","stream":true,"stream_options":{"include_usage":true},"prompt":"p"}""", "usage.completion_tokens" },
        { "/v1/responses", """{"model":"m","stream":true,"input":"p"}""", "response.usage.output_tokens" },
        { "/v1/audio/speech", """{"model":"gpt-4o-mini-tts","stream_format":"sse","voice":"alloy","input":"p"}""", "usage.output_tokens" },
        { "/v1/messages", """{"model":"m","stream":true,"max_tokens":100,"messages":[]}""", "usage.output_tokens" },
        { "/v1beta/models/m:streamGenerateContent?alt=sse", """{"contents":[]}""", "usageMetadata.candidatesTokenCount" },
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Errors_come_before_the_stream_and_are_not_billed(string path, string body, string count)
    {
        await using var provider = await RunningProvider.StartAsync();

        foreach (var status in new[] { 429, 500 })
        {
            using var response = await provider.PostToAsync(path, body, [.. Counts, ("X-Sim-Fault", $"{status}")]);
            var error = JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop)).GetProperty("error");

            Assert.Equal((status, "application/json"), ((int)response.StatusCode, response.Content.Headers.ContentType!.MediaType));
            Assert.NotEmpty(error.GetProperty("message").GetString()!);
        }

        Assert.Equal((2, 0), (provider.Log.Totals().Calls, provider.Log.Totals().Billed));
        Assert.NotEmpty(count);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task A_cut_stream_has_its_first_events_and_is_billed_whole(string path, string body, string count)
    {
        await using var provider = await RunningProvider.StartAsync();

        var (events, whole) = await provider.PostStreamToAsync(path, body, [.. Counts, ("X-Sim-Fault", "cut:3")]);

        Assert.Equal((3, false), (events.Count, whole));
        Assert.Equal(8, provider.Log.Totals().CompletionTokens);
        Assert.NotEmpty(count);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Without_usage_the_stream_is_whole_and_billed(string path, string body, string count)
    {
        await using var provider = await RunningProvider.StartAsync();

        var (events, whole) = await provider.PostStreamToAsync(path, body, [.. Counts, ("X-Sim-Fault", "no-usage")]);

        Assert.True(whole);
        Assert.Empty(CountsIn(events, count));
        Assert.Equal(8, provider.Log.Totals().CompletionTokens);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Usage_twice_is_a_running_count_before_the_final_one(string path, string body, string count)
    {
        await using var provider = await RunningProvider.StartAsync();

        var (events, _) = await provider.PostStreamToAsync(path, body, [.. Counts, ("X-Sim-Fault", "usage-twice")]);

        var counts = count == "usage.output_tokens" && path == "/v1/audio/speech" ? [.. CountsOfSpeech(events)] : CountsIn(events, count);
        Assert.Equal([4, 8], counts.TakeLast(2));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Slow_waits_before_the_stream_and_pace_within_it(string path, string body, string count)
    {
        await using var provider = await RunningProvider.StartAsync();
        var start = Stopwatch.GetTimestamp();

        using var response = await provider.PostToAsync(path, body, [.. Counts, ("X-Sim-Fault", "slow:60,pace:10")]);
        var headersAfter = Stopwatch.GetElapsedTime(start);
        var events = (await response.Content.ReadAsStringAsync(Stop)).Split("data: ").Length - 1;

        Assert.InRange(headersAfter.TotalMilliseconds, 55, 10_000);
        Assert.InRange((Stopwatch.GetElapsedTime(start) - headersAfter).TotalMilliseconds, (events - 2) * 10, 10_000);
        Assert.NotEmpty(count);
    }

    [Fact]
    public async Task A_body_that_is_not_a_stream_says_its_usage_twice_too()
    {
        await using var provider = await RunningProvider.StartAsync();
        foreach (var (path, body, name) in new[]
        {
            ("/v1/responses", """{"model":"m","input":"p"}""", "usage"),
            ("/v1/embeddings", """{"model":"m","input":"p"}""", "usage"),
            ("/v1/images/generations", """{"model":"gpt-image-1","prompt":"p"}""", "usage"),
            ("/v1/messages", """{"model":"m","max_tokens":100,"messages":[]}""", "usage"),
            ("/v1beta/models/m:generateContent", """{"contents":[]}""", "usageMetadata"),
        })
        {
            using var twice = await provider.PostToAsync(path, body, [.. Counts, ("X-Sim-Fault", "usage-twice")]);
            using var without = await provider.PostToAsync(path, body, [.. Counts, ("X-Sim-Fault", "no-usage")]);

            Assert.Equal(3, (await twice.Content.ReadAsStringAsync(Stop)).Split($"\"{name}\":").Length);
            Assert.DoesNotContain($"\"{name}\"", await without.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }
    }

    private static List<int> CountsIn(List<string> events, string count)
    {
        var counts = new List<int>();
        foreach (var text in events.Where(text => text != "[DONE]"))
        {
            JsonElement? found = JsonElement.Parse(text);
            foreach (var name in count.Split('.'))
            {
                found = found is { ValueKind: JsonValueKind.Object } inside && inside.TryGetProperty(name, out var next) ? next : null;
            }

            if (found is { ValueKind: JsonValueKind.Number } number) counts.Add(number.GetInt32());
        }

        return counts;
    }

    /// <summary>Both stand in the last event, as a name that is there twice.</summary>
    private static IEnumerable<int> CountsOfSpeech(List<string> events) => JsonElement.Parse(events[^1]).EnumerateObject()
        .Where(member => member.NameEquals("usage")).Select(member => member.Value.GetProperty("output_tokens").GetInt32());
}
