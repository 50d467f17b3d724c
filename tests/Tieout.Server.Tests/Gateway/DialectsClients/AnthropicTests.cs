using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Tieout.Core.Metering;
using Tieout.Simulator.Tests.Provider;
using Batches = Anthropic.Models.Messages.Batches;

namespace Tieout.Server.Tests.Gateway.DialectsClients;

/// <summary>Messages, counting and batches by the official Anthropic client through the gateway; it checks every answer against its schema.</summary>
public sealed class AnthropicTests
{
    // claude-sonnet-4-5: 200 × 3 + 1,000 × 0.30 + 34 at 3.75 (30) and 6 (4) + 56 × 15 a million.
    private const string Charge = "0.0018765";

    private static readonly (string, string)[] Counts =
    [
        ("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"),
        ("X-Sim-Cache-Write-5m-Tokens", "30"), ("X-Sim-Cache-Write-1h-Tokens", "4"),
    ];

    private static readonly MessageCreateParams Question =
        new() { Model = "claude-sonnet-4-5", MaxTokens = 100, Messages = [new UserMessageParam("How much?")] };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task E40_E41_E42_a_message_is_read_and_charged_whole_and_streamed_its_cache_once()
    {
        await using var world = await DialectsWorld.StartAsync();

        var message = await world.Anthropic(Counts).Messages.Create(Question, Stop);
        MessageDeltaUsage? ended = null;
        await foreach (var update in world.Anthropic(Counts).Messages.CreateStreaming(Question, Stop))
        {
            if (update.TryPickDelta(out var end)) ended = end.Usage;
        }

        Assert.Equal((200, 56), (message.Usage.InputTokens, message.Usage.OutputTokens));
        Assert.Equal(56, ended!.OutputTokens);
        var rows = await world.ChargedAsync(Charge, Charge);
        Assert.All(rows,
            row => Assert.Equal((1234, 1000, 34, 56),
                (row.Usage.Counts.InputTokens, row.Usage.Counts.CacheReadTokens, row.Usage.Counts.CacheWriteTokens, row.Usage.Counts.OutputTokens)));
    }

    [Fact]
    public async Task A_tool_is_called()
    {
        await using var world = await DialectsWorld.StartAsync();

        var message = await world.Anthropic([.. Counts, ("X-Sim-Tool", "ask")]).Messages.Create(
            Question with { Tools = [new Tool { Name = "ask", InputSchema = new InputSchema() }] }, Stop);

        Assert.True(message.Content[0].TryPickToolUse(out var tool));
        Assert.Equal("ask", tool.Name);
        await world.ChargedAsync(Charge);
    }

    [Fact]
    public async Task Counting_is_free()
    {
        await using var world = await DialectsWorld.StartAsync(topUp: "0");

        var counted =
            await world.Anthropic().Messages.CountTokens(new() { Model = "claude-sonnet-4-5", Messages = [new UserMessageParam("twelve bytes")] }, Stop);

        Assert.Equal(3, counted.InputTokens);
        Assert.Empty(await world.UsageAsync());
    }

    [Fact]
    public async Task Errors_of_theirs_and_of_ours_are_exceptions_of_theirs()
    {
        await using var world = await DialectsWorld.StartAsync();

        await Assert.ThrowsAsync<AnthropicRateLimitException>(() => world.Anthropic(("X-Sim-Fault", "429")).Messages.Create(Question, Stop));
        await Assert.ThrowsAsync<Anthropic5xxException>(() => world.Anthropic(("X-Sim-Fault", "500")).Messages.Create(Question, Stop));
        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => OfficialClients.Anthropic(world.Root(), "tk-nobody").Messages.Create(Question, Stop));
        await Assert.ThrowsAsync<AnthropicNotFoundException>(() => world.Anthropic().Messages.Create(Question with { Model = "nobody" }, Stop));

        await world.ChargedAsync("0", "0");
    }

    [Fact]
    public async Task A_batch_goes_all_its_way_and_each_message_is_charged_once_at_half_the_price()
    {
        await using var world = await BatchesWorld.StartAsync();
        var client = world.Anthropic([.. Counts, ("X-Sim-Batch", "done:2,twice")]);

        var batch = await client.Messages.Batches.Create(new() { Requests = [.. Enumerable.Range(0, 3).Select(i => Line($"line-{i}"))] }, Stop);
        Assert.Equal(3, world.Read.OpenHolds(null).Count);
        for (var i = 0; i < 4; i++) batch = await client.Messages.Batches.Retrieve(batch.ID, null, Stop);
        var results = new List<string>();
        await foreach (var result in client.Messages.Batches.ResultsStreaming(batch.ID, null, Stop)) results.Add(result.CustomID);
        var page = await client.Messages.Batches.List(null, Stop);

        Assert.Equal(("ended", 2, 1), (batch.ProcessingStatus.Raw(), batch.RequestCounts.Succeeded, batch.RequestCounts.Expired));
        Assert.StartsWith($"{world.Root()}v1/messages/batches/{batch.ID}/results", batch.ResultsUrl, StringComparison.Ordinal);
        Assert.Equal(["line-0", "line-0", "line-1", "line-1", "line-2"], results);
        Assert.Equal(batch.ID, Assert.Single(page.Items).ID);
        var rows = await world.ChargedAsync("0.00093825", "0.00093825");
        Assert.All(rows, row => Assert.Equal(UsageBasis.Reported, row.Usage.Basis));
        await client.Messages.Batches.Delete(batch.ID, null, Stop);
    }

    [Fact]
    public async Task A_batch_is_another_orgs_not_found_and_cancelled_it_costs_nothing()
    {
        await using var world = await BatchesWorld.StartAsync();
        var client = world.Anthropic(("X-Sim-Batch", "polls:100"));
        var batch =
            await client.Messages.Batches.Create(new() { Requests = [Line("only") with { Params = Line("only").Params with { Model = "helper" } }] }, Stop);
        await BatchesFileTests.AddOtherOrgAsync(world);

        await Assert.ThrowsAsync<AnthropicNotFoundException>(
            () => OfficialClients.Anthropic(world.Root(), BatchesFileTests.Other).Messages.Batches.Retrieve(batch.ID, null, Stop));
        var cancelled = await client.Messages.Batches.Cancel(batch.ID, null, Stop);

        Assert.Equal("ended", cancelled.ProcessingStatus.Raw());
        await world.ChargedAsync();
    }

    private static Batches::Request Line(string customId) => new()
    {
        CustomID = customId,
        Params = new() { Model = "claude-sonnet-4-5", MaxTokens = 100, Messages = [new UserMessageParam("How much?")] },
    };
}
