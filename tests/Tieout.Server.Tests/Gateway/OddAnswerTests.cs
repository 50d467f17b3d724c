using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Answers that say one thing in their head and another in their body.</summary>
public sealed class OddAnswerTests
{
    private const string Messages = """{"model":"claude-sonnet-4-5","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}""";
    private const string Responses = """{"model":"gpt-4o","input":"Hi","max_output_tokens":100}""";
    private const string Gemini = """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":100}}""";
    private const string Completions = """{"model":"gpt-4o","prompt":"Hi","max_tokens":100}""";

    private const string Chunks = """
        data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}

        data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}

        data: [DONE]


        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // An error is no answer, whatever its status says: the client gets it whole, and nothing was used.
    [Theory]
    [InlineData("/v1/chat/completions", World.Hello, """{"error":{"message":"no","type":"insufficient_quota"}}""")]
    [InlineData("/v1/chat/completions", World.Hello, """{"error":"no"}""")]
    [InlineData("/v1/completions", Completions, """{"error":{"message":"no"}}""")]
    [InlineData("/v1/responses", Responses, """{"id":"r","object":"response","status":"failed","output":[],"usage":null,"error":{"code":"rate","message":"no"}}""")]
    [InlineData("/v1/responses", Responses, """{"error":{"message":"no"}}""")]
    [InlineData("/v1/messages", Messages, """{"type":"error","error":{"type":"overloaded_error","message":"no"}}""")]
    [InlineData("/v1beta/models/gemini-2.5-flash:generateContent", Gemini, """{"error":{"code":503,"message":"no","status":"UNAVAILABLE"}}""")]
    public async Task M1_an_error_with_the_status_of_an_answer_costs_nothing(string path, string body, string answer)
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", answer);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        var text = await (await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path))).TextAsync();

        Assert.Equal(answer, text);
        await AssertFreeAsync(world);
    }

    [Theory]
    [InlineData("/v1/chat/completions", World.HelloStream, """{"error":{"message":"no","type":"invalid_request"}}""")]
    [InlineData("/v1/responses", """{"model":"gpt-4o","input":"Hi","stream":true}""", """{"type":"response.failed","response":{"id":"r","status":"failed","error":{"message":"no"},"usage":null}}""")]
    [InlineData("/v1/responses", """{"model":"gpt-4o","input":"Hi","stream":true}""", """{"type":"error","code":"x","message":"no"}""")]
    [InlineData("/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"Hi"}]}""",
        """{"type":"error","error":{"type":"overloaded_error","message":"no"}}""")]
    [InlineData("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", Gemini, """{"error":{"code":503,"message":"no"}}""")]
    public async Task M1_a_stream_that_begins_with_an_error_is_whole_and_costs_nothing(string path, string body, string payload)
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("text/event-stream", $"data: {payload}\n\n");
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        var text = await (await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path))).TextAsync();

        Assert.Equal($"data: {payload}", text.TrimEnd());
        await AssertFreeAsync(world);
    }

    [Fact]
    public async Task M1_an_error_after_text_is_estimated_from_the_text()
    {
        const string stream =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello there, friend\"},\"finish_reason\":null}]}\n\ndata: {\"error\":{\"message\":\"no\"}}\n\n";
        await using var provider = await DialectsComplaintTests.AnsweringAsync("text/event-stream", stream);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        await (await world.PostAsync("/v1/chat/completions", World.HelloStream, DialectsChargeTests.KeyOf("chat"))).TextAsync();

        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Estimated, true), (row.Usage.Basis, row.Charge > Amount.Zero));
    }

    // Some servers and proxies give a stream of events another name.
    [Theory]
    [InlineData("text/plain; charset=utf-8")]
    [InlineData("application/json")]
    [InlineData("application/octet-stream")]
    public async Task A_stream_of_events_is_read_as_one_whatever_its_head_calls_it(string type)
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync(type, ": hello\n\n" + Chunks);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        var text = await (await world.PostAsync("/v1/chat/completions", World.HelloStream, DialectsChargeTests.KeyOf("chat"))).TextAsync();

        Assert.Contains("\"content\":\"Hi\"", text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]", text.TrimEnd(), StringComparison.Ordinal);
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Reported, 1000, 100), (row.Usage.Basis, row.Usage.Counts.InputTokens, row.Usage.Counts.OutputTokens));
    }

    [Fact]
    public async Task A_whole_answer_to_a_request_for_a_stream_is_relayed_and_read_whole()
    {
        const string answer =
            """{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}""";
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", answer);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        var text = await (await world.PostAsync("/v1/chat/completions", World.HelloStream, DialectsChargeTests.KeyOf("chat"))).TextAsync();

        Assert.Equal(answer, text);
        Assert.Equal(UsageBasis.Reported, Assert.Single(await world.UsageAsync()).Usage.Basis);
    }

    // Some servers say a finish reason of "" until there is one: the client must not wait for the end of the stream.
    [Fact]
    public async Task A_stream_is_not_held_back_by_a_finish_reason_that_is_empty()
    {
        var more = new TaskCompletionSource();
        await using var provider = await PausingAsync(
            Chunks.Replace("\"finish_reason\":null", "\"finish_reason\":\"\"", StringComparison.Ordinal), more.Task);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        using var response = await world.PostAsync("/v1/chat/completions", World.HelloStream, DialectsChargeTests.KeyOf("chat"));
        using var text = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));
        Assert.Contains("\"content\":\"Hi\"", await text.ReadLineAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Stop), StringComparison.Ordinal);
        more.SetResult();

        Assert.EndsWith("data: [DONE]", (await text.ReadToEndAsync(Stop)).TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_count_of_zero_at_the_end_does_not_hide_what_the_start_counted()
    {
        const string stream = """
            data: {"type":"message_start","message":{"model":"claude-sonnet-4-5","usage":{"input_tokens":1000,"output_tokens":1}}}

            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":0,"output_tokens":200}}

            data: {"type":"message_stop"}


            """;
        await using var provider = await DialectsComplaintTests.AnsweringAsync("text/event-stream", stream);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        await (await world.PostAsync("/v1/messages", Messages.Replace("\"max_tokens\"", "\"stream\":true,\"max_tokens\"", StringComparison.Ordinal),
            DialectsChargeTests.KeyOf("messages"))).TextAsync();

        var counts = Assert.Single(await world.UsageAsync()).Usage.Counts;
        Assert.Equal((1000, 200), (counts.InputTokens, counts.OutputTokens));
    }

    private static async Task AssertFreeAsync(World world)
    {
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Failed, UsageFlags.None, Amount.Zero), (row.Usage.Basis, row.Usage.Flags, row.Charge));
        Assert.Empty(world.Read.OpenHolds(null));
        Assert.Empty(await world.Read.FindingsAsync(World.Org, 10, Stop));
    }

    /// <summary>Starts a provider that sends its first event at once, and the rest when <paramref name="more"/> completes.</summary>
    private static async Task<WebApplication> PausingAsync(string body, Task more)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            var first = body.IndexOf("\n\n", StringComparison.Ordinal) + 2;
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(body[..first], Stop);
            await context.Response.Body.FlushAsync(Stop);
            await more;
            await context.Response.WriteAsync(body[first..], Stop);
        });
        await app.StartAsync(Stop);
        return app;
    }
}
