using System.Globalization;
using System.Text;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Spike;

/// <summary>Runbook R4 to its end: a cost that rises, a preview, a mitigation, and what the next hour costs.</summary>
public sealed class SpikeStoppedTests
{
    private const int Users = 4, UndosEach = 20, Chats = 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: the cost of an hour falls as previewed, within 10 %, and is as before when the mitigation is removed. Method: three hours of the same traffic with
    // other random lengths; the clock goes ahead between them.
    [Fact]
    public async Task G2_the_cost_of_an_hour_falls_as_previewed_and_is_as_before_after_the_removal()
    {
        await using var world = await MitigationWorld.StartAsync();
        var before = await HourAsync(world, 1);
        var predicted = await world.CallAsync(HttpMethod.Post, "/orgs/acme/mitigation-previews?since=1h",
            """{"kind":"rate_limit","scope":{"trigger":"undo","user":"*"},"rule":{"requests":5,"period_seconds":3600},"owner":"ann","reason":"r","expires_in_seconds":60}""");
        Assert.Equal(before.ToString(), predicted.GetProperty("cost").GetString());
        Assert.Equal(Users * (UndosEach - 5), predicted.GetProperty("touched").GetInt32());

        await world.SetAsync("undo", "rate_limit", """{"trigger":"undo","user":"*"}""", """{"requests":5,"period_seconds":3600}""");
        var during = await HourAsync(world, 2);
        await world.RemoveAsync("undo");
        var after = await HourAsync(world, 3);

        var realised = 100 * (1 - during.ToDecimal() / before.ToDecimal());
        var said = predicted.GetProperty("saved_percent").GetDecimal();
        Assert.InRange(said, 30, 90);
        Assert.InRange(realised, 0.9m * said, 1.1m * said);
        Assert.InRange(after.ToDecimal() / before.ToDecimal(), 0.9m, 1.1m);
    }

    // The same for a truncation, with a provider that reads the beginning of a prompt from its cache if it has seen it: what the cut costs in cache is in the
    // preview. Each conversation is its own, so the second hour finds nothing of the first in the cache.
    [Theory]
    [InlineData("""{"messages":8,"block":16}""")]
    [InlineData("""{"messages":10,"block":2}""")]
    [InlineData("""{"context_tokens":4000}""")]
    public async Task G2_the_cost_of_conversations_falls_as_previewed_although_the_cache_is_lost_at_each_cut(string rule)
    {
        await using var provider = await CachingProvider.StartAsync();
        await using var world = await World.StartAsync(providerUrl: provider.Url, change: options => options with { AdminToken = EnvelopeWorld.Admin });
        var before = await TalksAsync(world, 1);
        var predicted = await PreviewAsync(world, rule);
        Assert.Equal(before.ToString(), predicted.GetProperty("cost").GetString());
        await MitigationWorld.PutAsync(world, "short", "truncate", rule);
        var during = await TalksAsync(world, 2);

        var (realised, said) = (100 * (1 - during.ToDecimal() / before.ToDecimal()), predicted.GetProperty("saved_percent").GetDecimal());
        TestContext.Current.TestOutputHelper?.WriteLine($"{rule}: predicted {said} %, realised {realised:0.0} %");
        Assert.True(said > 5, $"{said} %");
        Assert.InRange(realised, 0.9m * said, 1.1m * said);
    }

    /// <returns>What the requests of an hour cost.</returns>
    private static async Task<Amount> HourAsync(MitigationWorld world, int hour)
    {
        var random = new Random(hour);
        var begin = (await world.World.UsageAsync()).Count;
        var sent = 0;
        for (var i = 0; i < Users * UndosEach + Chats; i++)
        {
            var tokens = string.Create(CultureInfo.InvariantCulture, $"X-Sim-Completion-Tokens: {random.Next(70, 100)}");
            var end = i < Chats ? await world.ChatAsync(tokens, "Tieout-Feature: chat")
                : await world.ChatAsync(tokens, "Tieout-Feature: editor", "Tieout-Trigger: undo", $"Tieout-User: user-{i % Users}");
            if (end == "200") sent++;
            else Assert.Equal("429 mitigation_limited", end);
        }

        var rows = await world.World.RecordedAsync(begin + sent);
        world.Clock.Ahead += TimeSpan.FromMinutes(59);
        return Amount.Sum(rows.Skip(begin).Select(row => row.Charge));
    }

    /// <returns>What three conversations cost.</returns>
    private static async Task<Amount> TalksAsync(World world, int hour)
    {
        const int talks = 3, turns = 40;
        var begin = (await world.UsageAsync()).Count;
        for (var talk = 0; talk < talks; talk++)
        {
            var random = new Random(100 * hour + talk);
            var messages = new StringBuilder($$"""{"role":"system","content":"{{hour}} {{talk}} {{new string('s', 2_000)}}"}""");
            for (var turn = 0; turn < turns; turn++)
            {
                messages.Append($$""",{"role":"user","content":"{{new string('u', random.Next(200, 900))}}"}""");
                using var answer = await world.ChatAsync(
                    $$"""{"model":"gpt-4o","messages":[{{messages}}],"max_tokens":20}""", $"Tieout-Workflow: talk-{hour}-{talk}");
                Assert.Equal(200, (int)answer.StatusCode);
                await answer.Content.ReadAsStringAsync(Stop);
                messages.Append($$""",{"role":"assistant","content":"{{new string('a', random.Next(200, 900))}}"}""");
            }
        }

        return Amount.Sum((await world.RecordedAsync(begin + talks * turns)).Skip(begin).Select(row => row.Charge));
    }

    private static async Task<JsonElement> PreviewAsync(World world, string rule)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orgs/acme/mitigation-previews")
        {
            Content = new StringContent(
                $$"""{"kind":"truncate","rule":{{rule}},"owner":"ann","reason":"r","expires_in_seconds":60}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", EnvelopeWorld.Admin);
        using var response = await world.Http.SendAsync(request, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }
}
