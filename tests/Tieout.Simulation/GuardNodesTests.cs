using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Tieout.Simulation.Running;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation;

/// <summary>The guard on two real servers on one PostgreSQL.</summary>
public sealed class GuardNodesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: an override that is opened on one node is in force on the other within a second, and so is its end. Method: ask the other again and again.
    [Fact]
    public async Task G1_an_override_on_one_node_is_in_force_on_the_other_within_a_second()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var platform = await Platform.StartAsync(provider => Platform.Configuration(provider, store));
        var (node, other) = await platform.StartNodeAsync("other");
        await using var second = node;
        await platform.OpenOrgAsync("acme", "10");
        await platform.SendAsync(
            HttpMethod.Post, "guard/policies", new { name = "volumes", actions = "volume.*", irreversible = true, mode = "enforce", reason = "r" });
        await SoonAsync(platform, other, "block");

        var opened = await platform.SendAsync(
            HttpMethod.Post, "guard/overrides", new { actions = "volume.delete", reason = "r", expires_in_seconds = 600, org = "acme" });
        var begins = await SoonAsync(platform, other, "allow");
        await platform.SendAsync(HttpMethod.Post, $"guard/overrides/{opened.GetProperty("id").GetString()}/end", new { });
        var ends = await SoonAsync(platform, other, "block");

        Assert.True(begins < TimeSpan.FromSeconds(1) && ends < TimeSpan.FromSeconds(1), $"It took {begins} to begin and {ends} to end.");
    }

    /// <summary>Asks a node until it answers so.</summary>
    /// <returns>How long that took.</returns>
    private static async Task<TimeSpan> SoonAsync(Platform platform, string url, string outcome)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            using var question = new StringContent(
                """{"action":"volume.delete","resource":{"type":"volume","id":"vol-1","owner_org":"acme"}}""", Encoding.UTF8, "application/json");
            using var answer = await platform.Admin.PostAsync(new Uri($"{url}/api/v1/guard/decide"), question, Cancel);
            var body = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancel));
            if (answer.IsSuccessStatusCode && body.GetProperty("outcome").GetString() == outcome) return waited.Elapsed;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"{url} still answers {body}.");
        }
    }
}
