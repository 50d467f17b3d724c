using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Outbox;

/// <summary>That an org learns of its refusals, and not once a request.</summary>
public sealed class RefusalNewsTests
{
    [Fact]
    public async Task Fifty_refusals_in_one_hour_are_told_once_and_change_nothing_else()
    {
        await using var world = await World.StartAsync(topUp: "0");
        var before = await world.Read.OutboxAsync(null, 0, 100, TestContext.Current.CancellationToken);
        await Parallel.ForEachAsync(Enumerable.Range(0, 50), async (_, stop) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Headers = { { "Authorization", $"Bearer {World.Secret}" } },
                Content = JsonContent.Create(new { model = "gpt-4o", messages = new[] { new { role = "user", content = "hello" } } }),
            };
            using var answer = await world.Http.SendAsync(request, stop);
            Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        });

        var told = await ToldAsync(world, before.Count);
        Assert.Equal(("balance.insufficient", World.Org), (told.Type, told.Org));
        using var body = JsonDocument.Parse(told.Body);
        Assert.Equal("insufficient_balance", body.RootElement.GetProperty("code").GetString());
        Assert.Equal("0", body.RootElement.GetProperty("left").GetString());
    }

    private static async Task<OutboxRow> ToldAsync(World world, int before)
    {
        for (var i = 0; i < 100; i++)
        {
            var rows = await world.Read.OutboxAsync(null, 0, 100, TestContext.Current.CancellationToken);
            if (rows.Count > before)
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
                return Assert.Single((await world.Read.OutboxAsync(null, 0, 100, TestContext.Current.CancellationToken)).Skip(before));
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException("Nothing was told.");
    }
}
