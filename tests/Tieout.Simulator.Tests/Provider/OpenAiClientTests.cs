using System.ClientModel;
using System.Text.Json;
using OpenAI.Chat;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>The official OpenAI client takes the simulated provider for the real one.</summary>
public sealed class OpenAiClientTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_official_client_reads_a_whole_answer()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = Client(
            provider, ("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7"));

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
        var client = Client(
            provider, ("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7"));

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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_official_client_is_asked_to_call_its_tool(bool stream)
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = Client(provider, ("X-Sim-Tool", "ask"));
        var options = new ChatCompletionOptions
        {
            Tools = { ChatTool.CreateFunctionTool("other"), ChatTool.CreateFunctionTool(
            "ask", null, BinaryData.FromString("""{"type":"object","properties":{"name":{"type":"string"}}}""")) }
        };

        var (name, arguments, finish) = ("", "", default(ChatFinishReason?));
        if (stream)
        {
            await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Which?")], options, Stop))
            {
                foreach (var call in update.ToolCallUpdates) (name, arguments) = (name + call.FunctionName, arguments + call.FunctionArgumentsUpdate);
                finish ??= update.FinishReason;
            }
        }
        else
        {
            ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage("Which?")], options, Stop);
            (name, arguments, finish) = (answer.ToolCalls[0].FunctionName, answer.ToolCalls[0].FunctionArguments.ToString(), answer.FinishReason);
        }

        Assert.Equal(("ask", """{"question":"one sum for all"}""", ChatFinishReason.ToolCalls), (name, arguments, finish!.Value));
    }

    [Fact]
    public async Task Without_tools_the_official_client_gets_a_text_and_an_unknown_tool_is_refused()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = Client(provider, ("X-Sim-Tool", "ask"));

        ChatCompletion text = await client.CompleteChatAsync([new UserChatMessage("Which?")], cancellationToken: Stop);
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(
            [new UserChatMessage("Which?")], new() { Tools = { ChatTool.CreateFunctionTool("other") } }, Stop));

        Assert.Equal((ChatFinishReason.Stop, 400), (text.FinishReason, refused.Status));
    }

    [Fact]
    public async Task The_official_client_sends_an_image_which_is_no_text()
    {
        await using var provider = await RunningProvider.StartAsync();

        ChatCompletion answer = await Client(provider).CompleteChatAsync(
            [new UserChatMessage(
                ChatMessageContentPart.CreateTextPart("four"), ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(new byte[9_000]), "image/png"))],
            cancellationToken: Stop);

        Assert.Equal(1, answer.Usage.InputTokenCount);
    }

    [Fact]
    public async Task Choices_share_the_text_and_are_billed_together()
    {
        await using var provider = await RunningProvider.StartAsync();
        const string request = """{"model":"m","n":3,"max_tokens":10,"stream":false,"stream_options":{"include_usage":true},"messages":[]}""";

        var whole = await provider.PostJsonAsync(request, ("X-Sim-Completion-Tokens", "20"));
        var (events, _) =
            await provider.PostStreamAsync(request.Replace("\"stream\":false", "\"stream\":true", StringComparison.Ordinal), ("X-Sim-Completion-Tokens", "20"));
        await provider.PostJsonAsync(request, ("X-Sim-Completion-Tokens", "99"));
        await provider.PostJsonAsync(request);

        var lengths =
            whole.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("message").GetProperty("content").GetString()!.Length).ToArray();
        Assert.Equal((3, 80), (lengths.Length, lengths.Sum()));
        Assert.Equal(
            [0, 1, 2], events.SkipLast(2).Select(text => JsonElement.Parse(text).GetProperty("choices")[0].GetProperty("index").GetInt32()).Distinct());
        Assert.Equal([20, 20, 30, 30], provider.Log.Calls().Select(call => call.CompletionTokens));
    }

    private static void AssertUsage(ChatTokenUsage usage)
    {
        Assert.Equal(1234, usage.InputTokenCount);
        Assert.Equal(1000, usage.InputTokenDetails.CachedTokenCount);
        Assert.Equal(56, usage.OutputTokenCount);
        Assert.Equal(7, usage.OutputTokenDetails.ReasoningTokenCount);
        Assert.Equal(1290, usage.TotalTokenCount);
    }

    private static ChatClient Client(RunningProvider provider, params (string Name, string Value)[] headers) =>
        OfficialClients.OpenAi(provider, headers).GetChatClient("gpt-4o");
}
