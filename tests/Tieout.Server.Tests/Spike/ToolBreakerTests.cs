using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OpenAI.Chat;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Spike;

/// <summary>Answers in the model's place, as clients of both dialects read them, and what must not be touched.</summary>
public sealed class ToolBreakerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_whose_tool_fails_gets_words_that_end_its_turn()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("tools", "tool_breaker", "{}", "{}");
        var client = world.World.Client();
        Assert.Equal(ChatFinishReason.Stop, (await client.CompleteChatAsync(Conversation(failures: 2), cancellationToken: Stop)).Value.FinishReason);
        Assert.Equal(1, world.World.Bill.Totals().Calls);

        var whole = (await client.CompleteChatAsync(Conversation(failures: 6), cancellationToken: Stop)).Value;
        Assert.Equal((ChatFinishReason.Stop, 0, 0), (whole.FinishReason, whole.ToolCalls.Count, whole.Usage.TotalTokenCount));
        Assert.Contains("'search' has failed 6 times", whole.Content[0].Text, StringComparison.Ordinal);
        var streamed = new StringBuilder();
        await foreach (var update in client.CompleteChatStreamingAsync(Conversation(failures: 6), cancellationToken: Stop))
        {
            foreach (var part in update.ContentUpdate) streamed.Append(part.Text);
        }

        Assert.Equal(whole.Content[0].Text, streamed.ToString());

        // A tool that works, a user's message after the failures, and another conversation go to the model.
        await client.CompleteChatAsync(Conversation(failures: 6, ends: new ToolChatMessage("call-5", "42")), cancellationToken: Stop);
        await client.CompleteChatAsync(Conversation(failures: 6, ends: new UserChatMessage("And now?")), cancellationToken: Stop);
        await client.CompleteChatAsync(Conversation(failures: 1, question: "Another one"), cancellationToken: Stop);
        Assert.Equal(4, world.World.Bill.Totals().Calls);
    }

    [Fact]
    public async Task G2_a_client_that_demands_a_form_is_not_answered_with_words()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("tools", "tool_breaker", "{}", "{}");
        await world.World.Client().CompleteChatAsync(
            Conversation(failures: 6), new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() }, Stop);
        Assert.Equal(1, world.World.Bill.Totals().Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Anthropic_clients_are_answered_in_their_dialect(bool stream)
    {
        await using var world = await DialectsWorld.StartAsync(change: options => options with { AdminToken = EnvelopeWorld.Admin });
        await MitigationWorld.PutAsync(world, "tools", "tool_breaker", """{"failures":2,"tool":"search"}""");
        var turns = string.Concat(Enumerable.Range(0, 2).Select(i =>
            $$$""",{"role":"assistant","content":[{"type":"tool_use","id":"t{{{i}}}","name":"search","input":{"q":"{{{i}}}"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t{{{i}}}","content":"no","is_error":true}]}"""));
        var text = await MessageAsync(world, $$"""{"stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"Find it."}{{turns}}],""");

        Assert.Equal(0, world.Bill.Totals().Calls);
        Assert.Contains("The tool 'search' has failed 2 times", text, StringComparison.Ordinal);
        if (stream)
        {
            string[] events = [.. text.Split('\n').Where(line => line.StartsWith("event: ", StringComparison.Ordinal)).Select(line => line[7..])];
            Assert.Equal(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"], events);
            Assert.All(text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)),
                line => Assert.Equal(JsonValueKind.Object, JsonElement.Parse(line[6..]).ValueKind));
        }
        else
        {
            Assert.Equal("end_turn", JsonElement.Parse(text).GetProperty("stop_reason").GetString());
        }
    }

    // Anthropic refuses a limit of output that is not above the tokens for thinking.
    [Fact]
    public async Task G2_a_cap_below_the_tokens_for_thinking_leaves_the_request_as_it_is()
    {
        await using var world = await DialectsWorld.StartAsync(change: options => options with { AdminToken = EnvelopeWorld.Admin });
        await MitigationWorld.PutAsync(world, "short", "output_cap", """{"output_tokens":1024}""");
        const string body = """{"messages":[{"role":"user","content":"Hello"}],"max_tokens":4000,"model":"claude-sonnet-4-5","thinking":{"type":"enabled","budget_tokens":#}}""";
        foreach (var (budget, capped) in ((string, string?)[])[("1023", "1024"), ("1024", null), ("2000", null)])
        {
            using var content = new StringContent(body.Replace("#", budget, StringComparison.Ordinal), Encoding.UTF8, "application/json");
            using var response = await world.PostAsync("/v1/messages", content, $"x-api-key: {World.Secret}", "anthropic-version: 2023-06-01");
            Assert.Equal((200, capped), ((int)response.StatusCode, MitigationWorld.Header(response, "Tieout-Clamped")));
        }
    }

    // Goal: another model that refuses a request as invalid does not make it invalid. Method: a provider that answers 400 to everything serves the cheap model.
    [Fact]
    public async Task G2_what_the_other_model_refuses_goes_to_the_model_that_was_asked_for()
    {
        var builder = WebApplication.CreateSlimBuilder();
        await using var strict = builder.Build();
        strict.Urls.Add("http://127.0.0.1:0");
        strict.Run(context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsJsonAsync(new { error = new { message = "This model has no eyes." } }, Stop);
        });
        await strict.StartAsync(Stop);
        await using var world = await World.StartAsync(change: options => options with
        {
            AdminToken = EnvelopeWorld.Admin,
            Providers = [.. options.Providers, new("strict", ProviderDialect.OpenAi, new Uri($"{strict.Urls.First()}/v1"), "key", [])],
            Models = [.. options.Models, new("blind", [new("strict", "gpt-4o-mini")])],
        });
        await MitigationWorld.PutAsync(world, "down", "model_map", """{"models":{"gpt-4o":"blind"}}""");

        using var answer = await world.ChatAsync(World.Hello);
        Assert.Equal(200, (int)answer.StatusCode);
        var rows = await world.RecordedAsync(2);
        Assert.Equal([("gpt-4o-mini", 400), ("gpt-4o", 200)], rows.Select(row => (row.Usage.Labels.Model!, row.Usage.StatusCode)));
        Assert.Equal(Core.Money.Amount.Zero, rows[0].Charge);
    }

    private static async Task<string> MessageAsync(World world, string begun)
    {
        using var content = new StringContent(begun + "\"model\":\"claude-sonnet-4-5\",\"max_tokens\":50}", Encoding.UTF8, "application/json");
        using var response = await world.PostAsync("/v1/messages", content, $"x-api-key: {World.Secret}", "anthropic-version: 2023-06-01");
        Assert.Equal(200, (int)response.StatusCode);
        return await response.Content.ReadAsStringAsync(Stop);
    }

    /// <summary>A question, and so many calls of one tool that failed, each with other arguments.</summary>
    private static List<ChatMessage> Conversation(int failures, string question = "Find it.", ChatMessage? ends = null)
    {
        List<ChatMessage> messages = [new SystemChatMessage("You search."), new UserChatMessage(question)];
        for (var i = 0; i < failures; i++)
        {
            var call = ChatToolCall.CreateFunctionToolCall($"call-{i}", "search", BinaryData.FromString($$"""{"q":"{{i}}"}"""));
            messages.Add(new AssistantChatMessage([call]));
            messages.Add(i == failures - 1 && ends is ToolChatMessage ? ends : new ToolChatMessage($"call-{i}", """{"error":"time-out"}"""));
        }

        if (ends is UserChatMessage) messages.Add(ends);
        return messages;
    }
}
