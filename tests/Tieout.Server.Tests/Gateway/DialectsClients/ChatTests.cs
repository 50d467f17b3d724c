using System.ClientModel;
using OpenAI.Chat;
using Tieout.Core.Metering;
using Tieout.Simulator.Tests.Provider;

namespace Tieout.Server.Tests.Gateway.DialectsClients;

/// <summary>Chat by the official OpenAI client through the gateway.</summary>
public sealed class ChatTests
{
    // gpt-4o: 234 × 2.50 + 1,000 × 1.25 + 56 × 10 a million.
    private const string Charge = "0.002395";

    private static readonly (string, string)[] Counts =
        [("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_is_read_and_charged_whole_and_streamed()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.OpenAi(Counts).GetChatClient("gpt-4o");

        ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage("How much?")], cancellationToken: Stop);
        var (text, usages) = ("", new List<ChatTokenUsage>());
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("How much?")], cancellationToken: Stop))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            if (update.Usage is { } usage) usages.Add(usage);
        }

        Assert.Equal((1234, 1000, 56), (answer.Usage.InputTokenCount, answer.Usage.InputTokenDetails.CachedTokenCount, answer.Usage.OutputTokenCount));
        Assert.Equal(answer.Content[0].Text.Length, text.Length);
        Assert.Equal(1234, Assert.Single(usages).InputTokenCount);
        var rows = await world.ChargedAsync(Charge, Charge);
        Assert.All(rows, row => Assert.Equal(new UsageCounts(1234, 1000, 0, 56, 7), row.Usage.Counts));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tool_is_called(bool stream)
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.OpenAi([.. Counts, ("X-Sim-Tool", "ask")]).GetChatClient("gpt-4o");
        var options = new ChatCompletionOptions
        {
            Tools = { ChatTool.CreateFunctionTool(
            "ask", null, BinaryData.FromString("""{"type":"object","properties":{"name":{"type":"string"}}}""")) }
        };

        var name = "";
        if (stream)
        {
            await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Which?")], options, Stop))
            {
                foreach (var call in update.ToolCallUpdates) name += call.FunctionName;
            }
        }
        else
        {
            ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage("Which?")], options, Stop);
            name = answer.ToolCalls[0].FunctionName;
        }

        Assert.Equal("ask", name);
        await world.ChargedAsync(Charge);
    }

    [Fact]
    public async Task An_image_is_held_for_and_passes()
    {
        await using var world = await DialectsWorld.StartAsync();

        ChatCompletion answer = await world.OpenAi(Counts).GetChatClient("gpt-4o").CompleteChatAsync(
            [new UserChatMessage(ChatMessageContentPart.CreateTextPart("What is it?"),
                ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(new byte[9_000]), "image/png"))], cancellationToken: Stop);

        Assert.Equal(1234, answer.Usage.InputTokenCount);
        await world.ChargedAsync(Charge);
    }

    [Theory]
    [InlineData("429", 429)]
    [InlineData("500", 500)]
    public async Task The_clients_own_retries_are_attempts_of_their_own_and_free_where_the_provider_failed(string fault, int status)
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = OfficialClients.OpenAi(world.Root(), World.Secret, 1, ("X-Sim-Fault", fault), ("Tieout-Operation", "asked-twice")).GetChatClient("gpt-4o");

        var error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync([new UserChatMessage("Hello")], cancellationToken: Stop));

        Assert.Equal(status, error.Status);
        var rows = await world.ChargedAsync("0", "0");
        Assert.Equal([(1, null), (2, "retry")], rows.Select(row => (row.Usage.AttemptNo, row.Usage.Labels.Trigger)));
        Assert.All(rows, row => Assert.Equal((UsageBasis.Failed, status), (row.Usage.Basis, row.Usage.StatusCode)));
    }

    [Fact]
    public async Task A_refusal_of_ours_is_an_error_of_theirs_and_is_not_tried_again()
    {
        await using var world = await DialectsWorld.StartAsync(topUp: "0");
        var client = OfficialClients.OpenAi(world.Root(), World.Secret, 3).GetChatClient("gpt-4o");

        var error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync([new UserChatMessage("Hello")], cancellationToken: Stop));

        Assert.Equal(402, error.Status);
        Assert.Contains("insufficient_quota", error.Message, StringComparison.Ordinal);
        Assert.Empty(world.Bill.Calls());
        Assert.Empty(await world.UsageAsync());
    }
}
