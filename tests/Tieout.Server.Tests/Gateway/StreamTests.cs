using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Streams: what the client asked for, no more, and its end only after the usage is durable.</summary>
public sealed class StreamTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Usage_is_asked_for_and_taken_out_again_where_the_client_did_not_ask()
    {
        await using var world = await World.StartAsync();

        var events = await EventsAsync(await world.ChatAsync(World.HelloStream, "X-Sim-Completion-Tokens: 40"));

        Assert.Equal("[DONE]", events[^1]);
        Assert.All(events.SkipLast(1), text =>
        {
            var chunk = JsonElement.Parse(text);
            Assert.False(chunk.TryGetProperty("usage", out _));
            Assert.Equal(1, chunk.GetProperty("choices").GetArrayLength());
        });
        Assert.Equal(40, Assert.Single(await world.UsageAsync()).Usage.Counts.OutputTokens);
    }

    [Theory]
    [InlineData(""" "stream":true,"stream_options":{"include_usage":true} """)]
    [InlineData(""" "stream_options": {"include_obfuscation":false, "include_usage" : true}, "stream" : true """)]
    public async Task Usage_that_the_client_asked_for_stays(string options)
    {
        await using var world = await World.StartAsync();

        var events = await EventsAsync(await world.ChatAsync("{" + options + ""","model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}"""));

        Assert.Equal(16, JsonElement.Parse(events[^2]).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(JsonValueKind.Null, JsonElement.Parse(events[0]).GetProperty("usage").ValueKind);
    }

    [Fact]
    public async Task M4_the_end_of_a_stream_waits_for_its_usage_to_be_durable()
    {
        await using var world = await World.StartAsync(change: SpoolTests.WithoutRoom);
        world.Ledger.Broken = command => command is Command.Settle;

        // Paced, because the reset that ends a broken stream may overtake what was sent just before it.
        using var response = await world.ChatAsync(World.HelloStream, "X-Sim-Completion-Tokens: 40", "X-Sim-Fault: pace:20");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));
        var seen = new List<string>();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (await reader.ReadLineAsync(Stop) is { } line) seen.Add(line);
        });

        Assert.NotEmpty(seen);
        Assert.DoesNotContain(
            seen, line => line.Contains("[DONE]", StringComparison.Ordinal) || line.Contains("\"finish_reason\":\"", StringComparison.Ordinal));
        Assert.Empty(await world.UsageAsync());
        Assert.Single(world.Read.OpenHolds(World.Org));

        world.Ledger.Broken = null;
        await world.RecordedAsync(1, "the usage is recorded once the store is back");
        Assert.Equal(40, Assert.Single(await world.UsageAsync()).Usage.Counts.OutputTokens);
        Assert.Empty(world.Read.OpenHolds(World.Org));
    }

    [Fact]
    public async Task A_stream_says_at_its_start_whose_it_is_and_what_is_left_after_the_hold()
    {
        await using var world = await World.StartAsync();
        await world.SetBudgetAsync("1");

        using var response = await world.ChatAsync(World.HelloStream);

        // 135 bytes of body and 64 of overhead at 2.50, 100 tokens out at 10.00, for a million.
        var ceiling = Amount.Parse("0.001") + Amount.RoundHalfEven((World.HelloStream.Length + 64) * 0.0000025m);
        Assert.Equal((Amount.Parse("1") - ceiling).ToString(), response.Headers.GetValues("Tieout-Budget-Remaining").Single());
        Assert.Equal("0", response.Headers.GetValues("Tieout-Daily-Cost").Single());
        Assert.False(response.Headers.Contains("Tieout-Cost"));
        await response.Content.ReadAsStringAsync(Stop);
        Assert.Equal(response.Headers.GetValues("Tieout-Usage-Id").Single(), Assert.Single(await world.UsageAsync()).Usage.Id.ToString());
    }

    [Theory]
    [InlineData(World.HelloStream)]
    [InlineData(World.Hello)]
    public async Task A_client_that_hangs_up_pays_what_the_provider_really_used(string body)
    {
        await using var world = await World.StartAsync();
        using (var leaving = new CancellationTokenSource())
        {
            var call = world.ChatAsync(body, "X-Sim-Completion-Tokens: 50", body == World.Hello ? "X-Sim-Fault: slow:600" : "X-Sim-Fault: pace:50");
            if (body == World.HelloStream)
            {
                using var response = await call;
                var buffer = new byte[10];
                await (await response.Content.ReadAsStreamAsync(Stop)).ReadExactlyAsync(buffer, Stop);
            }
            else
            {
                await World.SoonAsync(() => Task.FromResult(world.Bill.Calls().Count == 1), "the provider has the call");
                world.Http.CancelPendingRequests();
                await Assert.ThrowsAnyAsync<Exception>(() => call);
            }
        }

        var row = Assert.Single(await world.RecordedAsync(1));
        Assert.Equal((Core.Metering.UsageBasis.Reported, 50), (row.Usage.Basis, row.Usage.Counts.OutputTokens));
        Assert.Equal(50, world.Bill.Totals().CompletionTokens);
        Assert.Empty(world.Read.OpenHolds(null));
    }

    private static async Task<List<string>> EventsAsync(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.Equal(200, (int)response.StatusCode);
            var text = await response.Content.ReadAsStringAsync(Stop);
            var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
            Assert.All(events, one => Assert.StartsWith("data: ", one, StringComparison.Ordinal));
            return [.. events.Select(one => one["data: ".Length..])];
        }
    }
}
