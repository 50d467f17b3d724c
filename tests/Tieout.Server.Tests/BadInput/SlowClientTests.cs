using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Metering;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Clients that take their time on purpose: they are let go of, and hold up nobody else meanwhile.</summary>
public sealed class SlowClientTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly byte[] Head = Encoding.ASCII.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {World.Secret}\r\n");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: a slow client costs no place and no money. Method: one place for the key; heads and bodies that trickle, a packed body, and a stream that nobody
    // reads, all at once;
    // an ordinary request gets through meanwhile, and in the end everything is as it was.
    [Fact]
    public async Task L5_who_trickles_or_never_reads_is_let_go_of_and_leaves_no_hold_and_no_place_taken()
    {
        await using var world = await World.StartAsync(change: options => options with
        {
            Limits = [new("acme", null, null, null, null, null, 1)],
            Gateway = options.Gateway with { IdleTimeout = TimeSpan.FromSeconds(3) },
        });
        var slowHead = TrickleAsync(world, Head, every: TimeSpan.FromSeconds(1));
        var slowBody = TrickleAsync(world, [.. Head, .. "Content-Length: 100000\r\n\r\n"u8], every: TimeSpan.FromMilliseconds(500));
        var slowChunks = TrickleAsync(world, [.. Head, .. "Transfer-Encoding: chunked\r\n\r\n"u8], every: TimeSpan.FromMilliseconds(500), "1\r\n{\r\n");
        await Task.Delay(500, Stop);
        using (var meanwhile = await world.ChatAsync(World.Hello)) Assert.Equal(200, (int)meanwhile.StatusCode);

        await using var deaf = await RawClient.ConnectAsync(world.Server.Urls.First(), receiveBytes: 4 * 1024);
        const string much = """{"model":"gpt-4o","messages":[{"role":"user","content":"Tell me everything."}],"max_tokens":4000000,"stream":true}""";
        Assert.True(
            await deaf.TrySendAsync([.. Head, .. Encoding.ASCII.GetBytes($"X-Sim-Completion-Tokens: 4000000\r\nContent-Length: {much.Length}\r\n\r\n{much}")]));
        var places = world.Server.Services.GetRequiredService<RateLimits>();
        await UntilAsync(() => places.InFlight == 1, "the stream has its place");
        using (var refused = await world.ChatAsync(World.Hello)) Assert.Equal(429, (int)refused.StatusCode);
        await UntilAsync(() => places.InFlight == 0, "the stream's place is free");
        await UntilAsync(() => world.Read.OpenHolds(null).Count == 0, "nothing is held");
        using (var after = await world.ChatAsync(World.Hello)) Assert.Equal(200, (int)after.StatusCode);

        Assert.True(await slowHead, "A head that trickles is cut off.");
        Assert.True(await slowBody, "A body that trickles is cut off.");
        Assert.True(await slowChunks, "Chunks that trickle are cut off.");
        var rows = await world.UsageAsync();
        Assert.Equal(3, rows.Count);
        var unread = rows.MaxBy(row => row.Charge.Nanos)!.Usage;
        Assert.True(unread.Counts.OutputTokens == world.Bill.Calls().Max(call => call.CompletionTokens)
            || (unread.Basis is UsageBasis.Estimated && unread.Flags != UsageFlags.None), $"{unread.Counts} {unread.Basis}");
    }

    /// <returns>Whether the server closed the connection.</returns>
    private static async Task<bool> TrickleAsync(World world, byte[] start, TimeSpan every, string drop = "x")
    {
        await using var client = await RawClient.ConnectAsync(world.Server.Urls.First());
        var clock = Stopwatch.StartNew();
        if (!await client.TrySendAsync(start)) return true;
        while (clock.Elapsed < Longest)
        {
            if (await client.ReceiveAsync(every) || !await client.TrySendAsync(Encoding.ASCII.GetBytes(drop))) return true;
        }

        return false;
    }

    private static async Task UntilAsync(Func<bool> isSo, string what)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Longest; await Task.Delay(50, Stop))
        {
            if (isSo()) return;
        }

        Assert.Fail($"Not within {Longest.TotalSeconds} s: {what}");
    }
}
