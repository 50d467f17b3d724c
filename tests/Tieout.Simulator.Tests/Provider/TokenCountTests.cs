using System.Net;
using System.Text.Json;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>Where the counts of an answer come from: headers, then the trace, then the request itself.</summary>
public sealed class TokenCountTests
{
    // Goal: each source of a count alone, and the limits. Expected: prompt, cached, completion, reasoning, finish_reason.
    [Theory]
    [InlineData("", "", 3, 0, 16, 0, "stop")]                                             // 12 bytes of text
    [InlineData("\"max_tokens\":5,", "", 3, 0, 5, 0, "stop")]
    [InlineData("", "Prompt=100,Completion=7", 100, 0, 7, 0, "stop")]
    [InlineData("\"max_tokens\":5,", "Completion=5", 3, 0, 5, 0, "stop")]
    [InlineData("\"max_tokens\":5,", "Completion=6", 3, 0, 5, 0, "length")]
    [InlineData("\"max_completion_tokens\":5,", "Completion=6", 3, 0, 5, 0, "length")]
    [InlineData("\"max_completion_tokens\":5,\"max_tokens\":9,", "Completion=8", 3, 0, 5, 0, "length")]
    [InlineData("\"max_tokens\":5,", "Completion=9,Reasoning=8", 3, 0, 5, 5, "length")]
    [InlineData("", "Prompt=10,Cached=20", 10, 10, 16, 0, "stop")]
    [InlineData("", "Prompt=0,Completion=0", 0, 0, 0, 0, "stop")]
    public async Task Counts_come_from_headers_or_the_request(
        string limits, string headers, int prompt, int cached, int completion, int reasoning, string finish)
    {
        await using var provider = await RunningProvider.StartAsync();
        var sent = headers.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .Select(pair => ($"X-Sim-{pair[0]}-Tokens", pair[1])).ToArray();

        foreach (var stream in new[] { false, true })
        {
            var body = $$"""{"model":"m",{{limits}}"stream":{{(stream ? "true" : "false")}},"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"twelve bytes"}]}""";
            var (usage, reason) = stream ? Streamed((await provider.PostStreamAsync(body, sent)).Events) : Whole(await provider.PostJsonAsync(body, sent));

            Assert.Equal(prompt, usage.GetProperty("prompt_tokens").GetInt32());
            Assert.Equal(cached, usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
            Assert.Equal(completion, usage.GetProperty("completion_tokens").GetInt32());
            Assert.Equal(reasoning, usage.GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32());
            Assert.Equal(prompt + completion, usage.GetProperty("total_tokens").GetInt32());
            Assert.Equal(finish, reason);
        }
    }

    [Fact]
    public async Task A_prompt_is_estimated_from_its_text_alone()
    {
        await using var provider = await RunningProvider.StartAsync();

        var answer = await provider.PostJsonAsync("""
            {"messages":[{"role":"system","content":"four"},
                         {"role":"user","name":"somebody","content":[{"type":"text","text":"eight by"},{"type":"image_url","image_url":{"url":"https://example.org/not-text"}}]}],
             "model":"m","tools":[{"type":"function","function":{"name":"f","description":"not counted"}}]}
            """);

        Assert.Equal(3, Whole(answer).Usage.GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task A_long_answer_has_all_its_text()
    {
        await using var provider = await RunningProvider.StartAsync();
        const string request = """{"model":"m","messages":[],"stream":false}""";

        var whole = await provider.PostJsonAsync(request, ("X-Sim-Completion-Tokens", "100000"));
        var (events, _) = await provider.PostStreamAsync(request.Replace("false", "true", StringComparison.Ordinal), ("X-Sim-Completion-Tokens", "100000"));

        Assert.Equal(400_000, whole.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!.Length);
        Assert.Equal(400_000, events.SkipLast(1).Sum(text =>
            JsonElement.Parse(text).GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var content)
                ? content.GetString()!.Length : 0));
    }

    [Fact]
    public async Task A_trace_gives_counts_in_order_and_begins_again()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            path, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,10,1\n2023-11-16 18:17:04,20,2\n", TestContext.Current.CancellationToken);
        await using var provider = await RunningProvider.StartAsync(new() { TracePath = path });
        File.Delete(path);

        for (var i = 0; i < 3; i++) await provider.PostJsonAsync("""{"model":"m","messages":[]}""");
        await provider.PostJsonAsync("""{"model":"m","messages":[]}""", ("X-Sim-Completion-Tokens", "9"));

        Assert.Equal([(10, 1), (20, 2), (10, 1), (20, 9)], provider.Log.Calls().Select(call => (call.PromptTokens, call.CompletionTokens)));
    }

    [Theory]
    [InlineData("""{"messages":[]}""", "model")]
    [InlineData("""{"model":"m"}""", "messages")]
    [InlineData("""{"model":"m","messages":{}}""", "messages")]
    [InlineData("""{"model":5,"messages":[]}""", "model")]
    [InlineData("""{"model":"m","messages":[],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"model":"m","messages":[],"max_tokens":99999999999}""", "max_tokens")]
    [InlineData("""{"model":"m","messages":[],"stream":"yes"}""", "stream")]
    [InlineData("""[]""", null)]
    [InlineData("""{"model":"m","messages":[}""", null)]
    [InlineData("""{"model":"m","messages":[]} and more""", null)]
    [InlineData("", null)]
    public async Task A_malformed_request_is_400_and_names_the_field(string body, string? field)
    {
        await using var provider = await RunningProvider.StartAsync();

        using var response = await provider.PostAsync(body);
        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("error");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(field, error.GetProperty("param").GetString());
        Assert.Equal(0, provider.Log.Totals().Billed);
    }

    [Theory]
    [InlineData("X-Sim-Prompt-Tokens", "-1")]
    [InlineData("X-Sim-Completion-Tokens", "many")]
    [InlineData("X-Sim-Cache-Write-1h-Tokens", "1.5")]
    [InlineData("X-Sim-Iterations", "advisor_message:m:1")]
    [InlineData("X-Sim-Fault", "cut")]
    [InlineData("X-Sim-Fault", "500,4290")]
    public async Task A_header_it_does_not_understand_is_400(string name, string value)
    {
        await using var provider = await RunningProvider.StartAsync();

        using var response = await provider.PostAsync("""{"model":"m","messages":[]}""", (name, value));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private static (JsonElement Usage, string? Finish) Whole(JsonElement answer) =>
        (answer.GetProperty("usage"), answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString());

    private static (JsonElement Usage, string? Finish) Streamed(List<string> events) =>
        (JsonElement.Parse(events[^2]).GetProperty("usage"), JsonElement.Parse(events[^3]).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
}
