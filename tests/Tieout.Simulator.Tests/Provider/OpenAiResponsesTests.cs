using System.ClientModel;
using OpenAI.Responses;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>OpenAI responses by the official client: whole, streamed, with tools, and in the background.</summary>
public sealed class OpenAiResponsesTests
{
    private static readonly (string, string)[] Counts =
        [("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Cache-Write-5m-Tokens", "100"),
            ("X-Sim-Reasoning-Tokens", "7")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_official_client_reads_a_whole_response()
    {
        await using var provider = await RunningProvider.StartAsync();

        ResponseResult response = await OfficialClients.Responses(provider, Counts).CreateResponseAsync("gpt-4.1", "How much?", cancellationToken: Stop);

        Assert.Equal((ResponseStatus.Completed, "gpt-4.1"), (response.Status, response.Model));
        Assert.Equal((56 - 7) * 4, Assert.IsAssignableFrom<MessageResponseItem>(Assert.Single(response.OutputItems)).Content[0].Text.Length);
        AssertUsage(response.Usage);
    }

    [Fact]
    public async Task The_official_client_reads_a_streamed_response()
    {
        await using var provider = await RunningProvider.StartAsync();
        var updates = new List<StreamingResponseUpdate>();

        var stream = await OfficialClients.Responses(provider, Counts).CreateResponseStreamingAsync("gpt-4.1", "How much?", cancellationToken: Stop);
        await foreach (var update in stream) updates.Add(update);

        Assert.IsType<StreamingResponseCreatedUpdate>(updates[0]);
        Assert.Equal((56 - 7) * 4, updates.OfType<StreamingResponseOutputTextDeltaUpdate>().Sum(update => update.Delta.Length));
        Assert.Equal(Enumerable.Range(0, updates.Count), updates.Select(update => update.SequenceNumber));
        AssertUsage(Assert.IsType<StreamingResponseCompletedUpdate>(updates[^1]).Response.Usage);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_official_client_is_asked_to_call_its_tool(bool stream)
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Responses(provider, ("X-Sim-Tool", "ask"));
        var options = new CreateResponseOptions("gpt-4.1", [ResponseItem.CreateUserMessageItem("Which?")])
        {
            Tools = { new FunctionTool("ask", BinaryData.FromString("""{"type":"object","properties":{}}"""), strictModeEnabled: false) },
            StreamingEnabled = stream,
        };

        FunctionCallResponseItem? call = null;
        if (stream)
        {
            await foreach (var update in await client.CreateResponseStreamingAsync(options, Stop))
            {
                if (update is StreamingResponseCompletedUpdate completed) call = Assert.IsType<FunctionCallResponseItem>(completed.Response.OutputItems[0]);
            }
        }
        else
        {
            ResponseResult response = await client.CreateResponseAsync(options, Stop);
            call = Assert.IsType<FunctionCallResponseItem>(response.OutputItems[0]);
        }

        Assert.Equal(("ask", """{"question":"one sum for all"}"""), (call!.FunctionName, call.FunctionArguments.ToString()));
    }

    [Fact]
    public async Task A_limit_leaves_a_response_incomplete()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Responses(provider, ("X-Sim-Completion-Tokens", "500"));
        var options = new CreateResponseOptions("gpt-4.1", [ResponseItem.CreateUserMessageItem("At length.")]) { MaxOutputTokenCount = 20 };

        ResponseResult response = await client.CreateResponseAsync(options, Stop);
        options.StreamingEnabled = true;
        StreamingResponseUpdate? last = null;
        await foreach (var update in await client.CreateResponseStreamingAsync(options, Stop)) last = update;

        Assert.Equal((ResponseStatus.Incomplete, 20), (response.Status, response.Usage.OutputTokenCount));
        Assert.Equal(20, Assert.IsType<StreamingResponseIncompleteUpdate>(last).Response.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task A_response_in_the_background_is_polled_and_billed_once()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Responses(provider, Counts);
        var options = new CreateResponseOptions("gpt-4.1", [ResponseItem.CreateUserMessageItem("Later.")]) { BackgroundModeEnabled = true };

        ResponseResult created = await client.CreateResponseAsync(options, Stop);
        ResponseResult polled = await client.GetResponseAsync(created.Id, Stop);
        ResponseResult completed = await client.GetResponseAsync(created.Id, Stop);
        ResponseResult again = await client.GetResponseAsync(created.Id, Stop);

        Assert.Equal((ResponseStatus.Queued, null), (created.Status, created.Usage));
        Assert.Equal((ResponseStatus.InProgress, null), (polled.Status, polled.Usage));
        Assert.Equal([ResponseStatus.Completed, ResponseStatus.Completed], [completed.Status, again.Status]);
        AssertUsage(completed.Usage);
        AssertUsage(again.Usage);
        Assert.Equal((1, 1234), (provider.Log.Totals().Billed, provider.Log.Totals().PromptTokens));
        Assert.Equal(["responses", "responses/{id}", "responses/{id}", "responses/{id}"], provider.Log.Calls().Select(call => call.Endpoint));
    }

    [Fact]
    public async Task A_response_in_the_background_can_be_cancelled_until_it_is_finished()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.Responses(provider, Counts);
        var options = new CreateResponseOptions("gpt-4.1", [ResponseItem.CreateUserMessageItem("Later.")]) { BackgroundModeEnabled = true };

        ResponseResult early = await client.CreateResponseAsync(options, Stop);
        ResponseResult cancelled = await client.CancelResponseAsync(early.Id, Stop);
        ResponseResult asked = await client.GetResponseAsync(early.Id, Stop);
        ResponseResult late = await client.CreateResponseAsync(options, Stop);
        for (var i = 0; i < 2; i++) await client.GetResponseAsync(late.Id, Stop);
        var tooLate = await Assert.ThrowsAsync<ClientResultException>(() => client.CancelResponseAsync(late.Id, Stop));
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => client.GetResponseAsync("resp_none", Stop));

        Assert.Equal([ResponseStatus.Cancelled, ResponseStatus.Cancelled], [cancelled.Status, asked.Status]);
        AssertUsage(cancelled.Usage);
        Assert.Equal((400, 404), (tooLate.Status, unknown.Status));
        Assert.Equal(2, provider.Log.Totals().Billed);
    }

    private static void AssertUsage(ResponseTokenUsage usage)
    {
        Assert.Equal((1234, 1000, 100), (usage.InputTokenCount, usage.InputTokenDetails.CachedTokenCount, usage.InputTokenDetails.CacheWriteTokenCount));
        Assert.Equal((56, 7, 1290), (usage.OutputTokenCount, usage.OutputTokenDetails.ReasoningTokenCount, usage.TotalTokenCount));
    }
}
