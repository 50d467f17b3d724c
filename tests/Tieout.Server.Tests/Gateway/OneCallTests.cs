using System.Text;
using OpenAI.Chat;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>One call, from the client's bytes to the ledger's rows.</summary>
public sealed class OneCallTests
{
    // gpt-4o: 2.50 and 10.00 for a million tokens; so 1,000 in and 200 out are 0.0025 + 0.002.
    private static readonly string[] ThousandAndTwoHundred = ["X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 200"];

    private const string Wide = """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"max_tokens":1000}""";

    [Fact]
    public async Task A_call_is_held_answered_and_charged_to_the_nano_unit()
    {
        await using var world = await World.StartAsync();
        await world.SetBudgetAsync("5");

        using var response = await world.ChatAsync(Wide, ThousandAndTwoHundred);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("0.0045", response.Headers.GetValues("Tieout-Cost").Single());
        Assert.Equal("0.0045", response.Headers.GetValues("Tieout-Daily-Cost").Single());
        Assert.Equal("4.9955", response.Headers.GetValues("Tieout-Budget-Remaining").Single());
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal(row.Usage.Id.ToString(), response.Headers.GetValues("Tieout-Usage-Id").Single());
        Assert.Equal(row.Usage.OperationId, response.Headers.GetValues("Tieout-Operation").Single());
        Assert.Equal(row.Usage.CorrelationId, response.Headers.GetValues("X-Correlation-Id").Single());
        Assert.Equal(new UsageCounts(1000, 0, 0, 200, 0), row.Usage.Counts);
        Assert.Equal(UsageBasis.Reported, row.Usage.Basis);
        Assert.Equal(Amount.Parse("0.0045"), row.Charge);
        Assert.Equal(Amount.Parse("999.9955"), world.Read.Balance(World.Org)!.Balance);
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task The_official_client_gets_its_answer_whole_and_streamed()
    {
        await using var world = await World.StartAsync();
        var client = world.Client();

        var whole = (await client.CompleteChatAsync("Say something")).Value;
        Assert.Equal(16, whole.Usage.OutputTokenCount);

        var text = new StringBuilder();
        var usage = new List<ChatTokenUsage>();
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Say something")]))
        {
            foreach (var part in update.ContentUpdate) text.Append(part.Text);
            if (update.Usage is { } said) usage.Add(said);
        }

        Assert.NotEmpty(text.ToString());
        Assert.Equal(16, Assert.Single(usage).OutputTokenCount);
        var rows = await world.UsageAsync();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.Equal(16, row.Usage.Counts.OutputTokens));
    }
}
