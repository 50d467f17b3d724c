using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;

namespace Tieout.Server.Tests.SimulatedProvider;

/// <summary>The official OpenAI client takes the simulated provider for the real one.</summary>
public sealed class OpenAiClientTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_official_client_reads_a_whole_answer()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = Client(provider, ("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7"));

        ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage("How much?")], cancellationToken: Stop);

        Assert.Equal("gpt-4o", answer.Model);
        Assert.StartsWith("chatcmpl-", answer.Id, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal((56 - 7) * 4, answer.Content[0].Text.Length);
        AssertUsage(answer.Usage);
    }

    [Fact]
    public async Task The_official_client_reads_a_stream()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = Client(provider, ("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7"));

        var (text, usages, finishes) = ("", new List<ChatTokenUsage>(), new List<ChatFinishReason>());
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("How much?")], cancellationToken: Stop))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            if (update.Usage is { } usage) usages.Add(usage);
            if (update.FinishReason is { } finish) finishes.Add(finish);
        }

        Assert.Equal((56 - 7) * 4, text.Length);
        Assert.Equal(ChatFinishReason.Stop, Assert.Single(finishes));
        AssertUsage(Assert.Single(usages));
    }

    [Fact]
    public async Task The_official_client_sees_the_limit_it_set()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = Client(provider, ("X-Sim-Completion-Tokens", "500"));

        ChatCompletion answer = await client.CompleteChatAsync(
            [new UserChatMessage("At length.")], new() { MaxOutputTokenCount = 20 }, Stop);

        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal(20, answer.Usage.OutputTokenCount);
    }

    [Theory]
    [InlineData("429", 429)]
    [InlineData("500", 500)]
    public async Task The_official_client_sees_an_error_as_its_own(string fault, int status)
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = Client(provider, ("X-Sim-Fault", fault));

        var error = await Assert.ThrowsAsync<ClientResultException>(
            () => client.CompleteChatAsync([new UserChatMessage("Hello")], cancellationToken: Stop));

        Assert.Equal(status, error.Status);
    }

    private static void AssertUsage(ChatTokenUsage usage)
    {
        Assert.Equal(1234, usage.InputTokenCount);
        Assert.Equal(1000, usage.InputTokenDetails.CachedTokenCount);
        Assert.Equal(56, usage.OutputTokenCount);
        Assert.Equal(7, usage.OutputTokenDetails.ReasoningTokenCount);
        Assert.Equal(1290, usage.TotalTokenCount);
    }

    private static ChatClient Client(RunningProvider provider, params (string Name, string Value)[] headers)
    {
        var options = new OpenAIClientOptions { Endpoint = new(provider.Root, "/v1"), RetryPolicy = new ClientRetryPolicy(maxRetries: 0) };
        options.AddPolicy(new HeadersPolicy(headers), PipelinePosition.PerCall);
        return new("gpt-4o", new ApiKeyCredential("sk-for-the-simulation"), options);
    }

    private sealed class HeadersPolicy((string Name, string Value)[] headers) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Add(message);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Add(message);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }

        private void Add(PipelineMessage message)
        {
            foreach (var (name, value) in headers) message.Request.Headers.Set(name, value);
        }
    }
}
