using Tieout.Server.Gateway.Tools;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Requests whose body a key has sent before.</summary>
public sealed class RecentBodiesTests
{
    // Goal: the same body of one key within the window is a recompute; another key's, another body and a late one are not, and a caller's own reason stands.
    [Fact]
    public async Task The_same_body_of_a_key_within_the_window_is_a_recompute()
    {
        await using var world = await World.StartAsync(change: options => options with
        {
            Gateway = options.Gateway with { RecomputeWindow = TimeSpan.FromMinutes(5) },
        });
        await world.AddKeyAsync("tk-other", "key-2");
        foreach (var (body, header) in ((string, string)[])
        [
            (World.Hello, "X-Sim-None: 1"), (World.Hello, "X-Sim-None: 1"), (World.Hello.Replace("Hello", "Hallo", StringComparison.Ordinal), "X-Sim-None: 1"),
            (World.Hello, "Authorization: Bearer tk-other"), (World.Hello, "Tieout-Trigger: auto_save"), (World.Hello, "x-stainless-retry-count: 1"),
        ])
        {
            using var response = await world.ChatAsync(body, header);
            Assert.True(response.IsSuccessStatusCode);
        }

        Assert.Equal([null, "recompute", null, null, "auto_save", "retry"], (await world.UsageAsync()).Select(row => row.Usage.Labels.Trigger));
    }

    [Fact]
    public async Task Without_a_window_no_request_is_a_recompute()
    {
        await using var world = await World.StartAsync();
        for (var i = 0; i < 2; i++)
        {
            using var response = await world.ChatAsync(World.Hello);
        }

        Assert.All(await world.UsageAsync(), row => Assert.Null(row.Usage.Labels.Trigger));
    }

    [Fact]
    public void A_body_is_remembered_for_its_window_and_memory_is_bounded()
    {
        var (recent, window) = (new RecentBodies(TimeProvider.System), TimeSpan.FromHours(1));
        Assert.False(recent.Repeats("k", "abcdefgh1"u8, window));
        Assert.True(recent.Repeats("k", "abcdefgh1"u8, window));
        Assert.False(recent.Repeats("k", "abcdefgh2"u8, window));
        Assert.False(recent.Repeats("k2", "abcdefgh1"u8, window));
        Assert.False(recent.Repeats("k", "abcdefgh1"u8, TimeSpan.Zero));
        for (var i = 0; i < 250_000; i++) recent.Repeats("k", BitConverter.GetBytes(i), window);

        // Two generations of 100,000 came since.
        Assert.False(recent.Repeats("k", "abcdefgh1"u8, window));
    }
}
