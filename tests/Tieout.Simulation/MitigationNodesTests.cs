using System.Diagnostics;
using Tieout.Simulation.Running;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation;

/// <summary>Mitigations on two real servers on one PostgreSQL.</summary>
public sealed class MitigationNodesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: a mitigation that is set on one node is in force on both within a second, and its removal restores both. Method: ask both again and again.
    [Fact]
    public async Task G2_a_mitigation_on_one_node_is_in_force_on_both_within_a_second_and_so_is_its_removal()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var platform = await Platform.StartAsync(provider => Platform.Configuration(provider, store));
        var (node, other) = await platform.StartNodeAsync("other");
        await using var second = node;
        await platform.OpenOrgAsync("acme", "10");
        var (key, _) = await platform.MakeKeyAsync("acme");
        await SoonAsync(platform, other, key, 200);

        await platform.SendAsync(HttpMethod.Put, "orgs/acme/mitigations/off",
            new { kind = "off", scope = new { feature = "editor" }, owner = "ann", reason = "r", expires_in_seconds = 600 });
        var begins = await BothAsync(403);
        await platform.SendAsync(HttpMethod.Delete, "orgs/acme/mitigations/off", new { });
        var ends = await BothAsync(200);

        var limit = TimeSpan.FromSeconds(1);
        Assert.True(begins.All(took => took < limit) && ends.All(took => took < limit), $"It took {string.Join(", ", begins)} to begin and {string.Join(", ", ends)} to end.");

        Task<TimeSpan[]> BothAsync(int status) => Task.WhenAll(SoonAsync(platform, platform.Url, key, status), SoonAsync(platform, other, key, status));
    }

    /// <summary>Asks a node until it answers so.</summary>
    /// <returns>When that request was sent: how long a busy machine works on it says nothing about the mitigation.</returns>
    private static async Task<TimeSpan> SoonAsync(Platform platform, string url, string key, int status)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var sent = waited.Elapsed;
            using var request = Platform.Chat(url, key, 10, 1, ("Tieout-Feature", "editor"));
            using var answer = await platform.Admin.SendAsync(request, Cancel);
            if ((int)answer.StatusCode == status) return sent;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"{url} still answers {(int)answer.StatusCode}.");
        }
    }
}
