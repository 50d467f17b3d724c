using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Beta = Anthropic.Models.Beta.Messages;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>The official Anthropic client, checking every answer against its schema, takes the simulated provider for the real one.</summary>
public sealed class AnthropicClientTests
{
    private static readonly (string, string)[] Counts =
    [
        ("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7"),
        ("X-Sim-Cache-Write-5m-Tokens", "30"), ("X-Sim-Cache-Write-1h-Tokens", "4"),
    ];

    private static readonly MessageCreateParams Question =
        new() { Model = "claude-sonnet-4-5", MaxTokens = 100, Messages = [new UserMessageParam("How much?")] };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_official_client_reads_a_whole_message()
    {
        await using var provider = await RunningProvider.StartAsync();

        var message = await OfficialClients.Anthropic(provider, Counts).Messages.Create(Question, Stop);

        Assert.True(message.Content[0].TryPickText(out var text));
        Assert.Equal((56 - 7) * 4, text.Text.Length);
        Assert.Equal("end_turn", message.StopReason?.Raw());
        Assert.Equal((200, 1000, 34, 56),
            (message.Usage.InputTokens, message.Usage.CacheReadInputTokens, message.Usage.CacheCreationInputTokens, message.Usage.OutputTokens));
        Assert.Equal((30, 4), (message.Usage.CacheCreation!.Ephemeral5mInputTokens, message.Usage.CacheCreation.Ephemeral1hInputTokens));
        Assert.Equal(7, message.Usage.OutputTokensDetails!.ThinkingTokens);
        var call = Assert.Single(provider.Log.Calls());
        Assert.Equal(("anthropic", "messages", 1234, 1000, 56), (call.Dialect, call.Endpoint, call.PromptTokens, call.CachedTokens, call.CompletionTokens));
        Assert.Equal((30, 4), (call.CacheWrite5mTokens, call.CacheWrite1hTokens));
    }

    [Fact]
    public async Task The_official_client_reads_a_stream_whose_usage_is_cumulative()
    {
        await using var provider = await RunningProvider.StartAsync();
        var (text, started, ended, stopped) = ("", default(Usage), new List<MessageDeltaUsage>(), false);

        await foreach (var update in OfficialClients.Anthropic(provider, Counts).Messages.CreateStreaming(Question, Stop))
        {
            if (update.TryPickStart(out var start)) started = start.Message.Usage;
            if (update.TryPickContentBlockDelta(out var block) && block.Delta.TryPickText(out var delta)) text += delta.Text;
            if (update.TryPickDelta(out var end)) ended.Add(end.Usage);
            stopped |= update.TryPickStop(out _);
        }

        Assert.Equal(((56 - 7) * 4, true), (text.Length, stopped));
        Assert.Equal((200, 1000, 34, 1), (started!.InputTokens, started.CacheReadInputTokens, started.CacheCreationInputTokens, started.OutputTokens));
        var last = Assert.Single(ended);
        Assert.Equal((200, 1000, 34, 56), (last.InputTokens, last.CacheReadInputTokens, last.CacheCreationInputTokens, last.OutputTokens));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_official_client_is_asked_to_call_its_tool(bool stream)
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Anthropic(provider, ("X-Sim-Tool", "ask"));
        var question = Question with { Tools = [new Tool { Name = "ask", InputSchema = new InputSchema() }] };

        var (name, arguments) = ("", "");
        if (stream)
        {
            await foreach (var update in client.Messages.CreateStreaming(question, Stop))
            {
                if (update.TryPickContentBlockStart(out var start) && start.ContentBlock.TryPickToolUse(out var tool)) name = tool.Name;
                if (update.TryPickContentBlockDelta(out var block) && block.Delta.TryPickInputJson(out var json)) arguments += json.PartialJson;
            }
        }
        else
        {
            var message = await client.Messages.Create(question, Stop);
            Assert.True(message.Content[0].TryPickToolUse(out var tool));
            (name, arguments) = (tool.Name, JsonSerializer.Serialize(tool.Input));
            Assert.Equal("tool_use", message.StopReason?.Raw());
        }

        Assert.Equal(("ask", """{"question":"one sum for all"}"""), (name, arguments));
    }

    [Fact]
    public async Task Calls_inside_an_answer_are_told_and_billed_at_their_own_model()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Anthropic(provider, [.. Counts, ("X-Sim-Iterations", "advisor_message:claude-opus-4-8:1200:300, compaction::55416:133")]);
        var question = new Beta.MessageCreateParams { Model = "claude-sonnet-4-5", MaxTokens = 100, Messages = [new Beta.BetaUserMessageParam("Hard?")] };

        var message = await client.Beta.Messages.Create(question, Stop);
        Beta.BetaMessageDeltaUsage? ended = null;
        await foreach (var update in client.Beta.Messages.CreateStreaming(question, Stop))
        {
            if (update.TryPickDelta(out var end)) ended = end.Usage;
        }

        (string, long, long)[] expected = [("advisor_message", 1200, 300), ("compaction", 55416, 133), ("message", 200, 56)];
        Assert.Equal(expected, message.Usage.Iterations!.Select(inside => (inside.Type.Raw(), inside.InputTokens, inside.OutputTokens)));
        Assert.Equal(expected, ended!.Iterations!.Select(inside => (inside.Type.Raw(), inside.InputTokens, inside.OutputTokens)));
        Assert.Equal("claude-opus-4-8", message.Usage.Iterations![0].Model!.Raw());
        Assert.Equal((200, 56), (message.Usage.InputTokens, message.Usage.OutputTokens));
        Assert.Equal([new("advisor_message", "claude-opus-4-8", 1200, 300), new("compaction", null, 55416, 133)], provider.Log.Calls()[0].Iterations);
        Assert.Equal(2 * (1500 + 55549), provider.Log.Totals().IterationTokens);
    }

    [Fact]
    public async Task The_parts_of_a_prompt_are_never_more_than_it()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Anthropic(provider,
            ("X-Sim-Prompt-Tokens", "10"), ("X-Sim-Cached-Tokens", "6"), ("X-Sim-Cache-Write-5m-Tokens", "3"), ("X-Sim-Cache-Write-1h-Tokens", "9"));

        var usage = (await client.Messages.Create(Question, Stop)).Usage;

        Assert.Equal((0, 6, 3, 1),
            (usage.InputTokens, usage.CacheReadInputTokens, usage.CacheCreation!.Ephemeral5mInputTokens, usage.CacheCreation.Ephemeral1hInputTokens));
        Assert.Equal((10, 4), (provider.Log.Totals().PromptTokens, provider.Log.Totals().CacheWriteTokens));
    }

    [Fact]
    public async Task Counting_tokens_is_free()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Anthropic(provider);

        var counted = await client.Messages.CountTokens(new() { Model = "claude-sonnet-4-5", Messages = [new UserMessageParam("twelve bytes")] }, Stop);

        Assert.Equal(3, counted.InputTokens);
        Assert.Equal((1, 0, 0), (provider.Log.Totals().Calls, provider.Log.Totals().Billed, provider.Log.Totals().PromptTokens));
    }

    [Fact]
    public async Task The_official_client_lists_models()
    {
        await using var provider = await RunningProvider.StartAsync();

        var page = await OfficialClients.Anthropic(provider).Models.List(null, Stop);

        Assert.Contains(page.Items, model => model.ID == "claude-sonnet-4-5");
    }

    [Fact]
    public async Task Errors_have_anthropics_shape()
    {
        await using var provider = await RunningProvider.StartAsync();

        var limited = await Assert.ThrowsAsync<AnthropicRateLimitException>(
            () => OfficialClients.Anthropic(provider, ("X-Sim-Fault", "429")).Messages.Create(Question, Stop));
        var failed =
            await Assert.ThrowsAsync<Anthropic5xxException>(() => OfficialClients.Anthropic(provider, ("X-Sim-Fault", "500")).Messages.Create(Question, Stop));
        var missing = await provider.PostJsonToAsync("/v1/messages", """{"model":"m","messages":[]}""");

        Assert.Contains("rate_limit_error", limited.ResponseBody, StringComparison.Ordinal);
        Assert.Contains("api_error", failed.ResponseBody, StringComparison.Ordinal);
        Assert.Equal("""{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: Field required"}}""", missing.GetRawText());
        Assert.Equal(0, provider.Log.Totals().Billed);
    }

    [Fact]
    public async Task Every_credential_that_arrives_is_kept_as_its_hash()
    {
        await using var provider = await RunningProvider.StartAsync();

        await provider.PostJsonToAsync(
            "/v1/messages?key=k", """{"model":"m","max_tokens":9,"messages":[]}""", ("x-api-key", "sk-ant"), ("Authorization", "Bearer b"));

        var credentials = Assert.Single(provider.Log.Calls()).CredentialsSha256;
        Assert.Equal(
            [("authorization", "Bearer b"), ("key", "k"), ("x-api-key", "sk-ant")],
            credentials.Keys.Order(StringComparer.Ordinal).Zip(["Bearer b", "k", "sk-ant"]));
        Assert.All([("authorization", "Bearer b"), ("key", "k"), ("x-api-key", "sk-ant")], pair =>
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pair.Item2))), credentials[pair.Item1]));
    }
}
