using System.ClientModel;
using OpenAI.Responses;

namespace Tieout.Server.Tests.Gateway.DialectsClients;

/// <summary>Responses by the official OpenAI client through the gateway: whole, streamed, with tools, and in the background.</summary>
public sealed class ResponsesTests
{
    private const string Charge = "0.002395";

    private static readonly (string, string)[] Counts =
        [("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_response_is_read_and_charged_whole_and_streamed()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.Responses(Counts);

        ResponseResult whole = await client.CreateResponseAsync("gpt-4o", "How much?", cancellationToken: Stop);
        StreamingResponseUpdate? last = null;
        await foreach (var update in await client.CreateResponseStreamingAsync("gpt-4o", "How much?", cancellationToken: Stop)) last = update;
        ResponseResult again = await client.GetResponseAsync(whole.Id, Stop);

        Assert.Equal((1234, 56), (whole.Usage.InputTokenCount, whole.Usage.OutputTokenCount));
        Assert.Equal(1234, Assert.IsType<StreamingResponseCompletedUpdate>(last).Response.Usage.InputTokenCount);
        Assert.Equal(whole.Id, again.Id);
        await world.ChargedAsync(Charge, Charge);
    }

    [Fact]
    public async Task A_tool_is_called()
    {
        await using var world = await DialectsWorld.StartAsync();
        var options = new CreateResponseOptions("gpt-4o", [ResponseItem.CreateUserMessageItem("Which?")])
        {
            Tools = { new FunctionTool("ask", BinaryData.FromString("""{"type":"object","properties":{}}"""), strictModeEnabled: false) },
        };

        ResponseResult response = await world.Responses([.. Counts, ("X-Sim-Tool", "ask")]).CreateResponseAsync(options, Stop);

        Assert.Equal("ask", Assert.IsType<FunctionCallResponseItem>(response.OutputItems[0]).FunctionName);
        await world.ChargedAsync(Charge);
    }

    [Fact]
    public async Task E47_a_response_in_the_background_is_polled_to_its_end_and_charged_once()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.Responses(Counts);
        var options = new CreateResponseOptions("gpt-4o", [ResponseItem.CreateUserMessageItem("Later.")]) { BackgroundModeEnabled = true };

        ResponseResult response = await client.CreateResponseAsync(options, Stop);
        for (var i = 0; i < 5; i++) response = await client.GetResponseAsync(response.Id, Stop);

        Assert.Equal((ResponseStatus.Completed, 56), (response.Status, response.Usage.OutputTokenCount));
        await world.ChargedAsync(Charge);
    }

    [Fact]
    public async Task A_response_in_the_background_is_cancelled_and_what_it_used_is_charged()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.Responses(Counts);
        var options = new CreateResponseOptions("gpt-4o", [ResponseItem.CreateUserMessageItem("Later.")]) { BackgroundModeEnabled = true };

        ResponseResult response = await client.CreateResponseAsync(options, Stop);
        ResponseResult cancelled = await client.CancelResponseAsync(response.Id, Stop);
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => client.GetResponseAsync("resp_none", Stop));

        Assert.Equal((ResponseStatus.Cancelled, 404), (cancelled.Status, unknown.Status));
        await world.ChargedAsync(Charge);
    }
}
