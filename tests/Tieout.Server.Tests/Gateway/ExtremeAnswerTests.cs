using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>A provider that claims what cannot be: whatever its usage block counts, the hold ends, the attempt is recorded and flagged, and figures go on.</summary>
public sealed class ExtremeAnswerTests
{
    private static readonly string[] Blocks =
    [
        """{"prompt_tokens":1000000000000,"completion_tokens":1,"total_tokens":1000000000001}""",
        """{"prompt_tokens":160000001,"completion_tokens":0,"total_tokens":160000001}""",
        """{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807,"total_tokens":9223372036854775807}""",
        """{"prompt_tokens":1,"completion_tokens":1e999,"total_tokens":2}""",
        """{"prompt_tokens":-5,"completion_tokens":-9223372036854775808,"total_tokens":0}""",
        """{"prompt_tokens":1,"completion_tokens":1,"total_tokens":79228162514264337593543950335}""",
        """{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"cost":79228162514264337593543950335}""",
        """{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"prompt_tokens_details":{"cached_tokens":9223372036854775807}}""",
        """{"prompt_tokens":160000000,"completion_tokens":160000000,"total_tokens":320000000}""",
    ];

    [Fact]
    public async Task L5_M1_whatever_a_provider_claims_the_hold_ends_and_the_attempt_is_recorded_and_flagged()
    {
        var asked = 0;
        await using var provider = Provider(() => Blocks[Interlocked.Increment(ref asked) - 1]);
        await provider.StartAsync(TestContext.Current.CancellationToken);
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First());

        foreach (var block in Blocks)
        {
            using var response = await world.ChatAsync(World.Hello);
            Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} for {block}");
        }

        Assert.Empty(world.Read.OpenHolds(null));
        var rows = await world.UsageAsync();
        Assert.Equal(Blocks.Length, rows.Count);
        Assert.All(rows, row =>
        {
            Assert.True(row.Usage.Basis is UsageBasis.Estimated || row.Usage.Flags != UsageFlags.None || row.Flags != ChargeFlags.None, $"{row.Usage} is not flagged.");
            Assert.InRange(row.Usage.Counts.InputTokens, 0, UsageUnits.InputTokens.Max);
            Assert.InRange(row.Usage.Counts.OutputTokens, 0, UsageUnits.OutputTokens.Max);
        });
        Assert.Equal(Amount.Parse("1000") - Amount.Sum(rows.Select(row => row.Charge)), world.Read.Balance(World.Org)!.Balance);
    }

    private static WebApplication Provider(Func<string> usage)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapPost("/v1/chat/completions", () => Results.Text(
            $$"""{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},"finish_reason":"stop"}],"usage":{{usage()}}}""",
            "application/json"));
        return app;
    }
}
