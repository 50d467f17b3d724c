using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>When a key was last used: shown at once on its node, stored without a commit, and there after a restart.</summary>
public sealed class KeyUseTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_last_use_of_a_key_is_listed_at_once_costs_no_commit_and_survives_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        DateTimeOffset used;
        string last;
        await using (var world = await ApiWorld.StartAsync(open: () => OpenAsync(folder)))
        {
            var ((idle, _), (busy, secret)) = (await world.KeyAsync(), await world.KeyAsync());
            Assert.All((await KeysAsync(world)).Values, key => Assert.Null(At(key)));
            var (version, asOf) = (world.Ledger.Read.SettingsVersion, world.Ledger.Read.AsOf);

            for (var i = 0; i < 3; i++) await world.GetAsync("/orgs/acme/balance", secret);
            await Recorder(world).StoreAsync(Stop);

            Assert.Equal((version, asOf), (world.Ledger.Read.SettingsVersion, world.Ledger.Read.AsOf));
            var keys = await KeysAsync(world);
            Assert.Null(At(keys[idle]));
            used = At(keys[busy])!.Value;
            Assert.Equal((0, true), (used.Second, DateTimeOffset.UtcNow - used < TimeSpan.FromMinutes(2)));
            Assert.Equal(used.UtcDateTime, Assert.Single(await world.Ledger.KeyUses.OfAsync("acme", Stop)).Value.ToDateTimeOffset().UtcDateTime);
            Assert.Contains(used.ToString("yyyy-MM-dd HH:mm'Z'"), (await world.RunAsync("key", "list", "--org", "acme")).Out, StringComparison.Ordinal);

            // A request that the gate refuses is no use: nobody would see a key in use that is blocked.
            await world.OkAsync(HttpMethod.Post, $"/orgs/acme/keys/{busy}/block");
            using (await world.SendAsync(HttpMethod.Get, "/orgs/acme/balance", token: secret)) { }

            // Used right before the server stops.
            (last, var lastSecret) = await world.KeyAsync();
            await world.GetAsync("/orgs/acme/balance", lastSecret);
        }

        await using (var again = SqliteLedger.Open(folder.FullName))
        {
            var stored = await again.KeyUses.OfAsync("acme", Stop);
            Assert.Equal((2, true), (stored.Count, stored.ContainsKey(last)));
            Assert.Contains(used.UtcDateTime, stored.Values.Select(at => at.ToDateTimeOffset().UtcDateTime));
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Uses_that_cannot_be_stored_wait_and_those_of_another_node_are_shown()
    {
        await using var world = await ApiWorld.StartAsync();
        var ((mine, secret), (theirs, _)) = (await world.KeyAsync(), await world.KeyAsync());
        await world.GetAsync("/orgs/acme/balance", secret);

        world.Ledger.KeyUsesFail = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Recorder(world).StoreAsync(Stop));
        world.Ledger.KeyUsesFail = false;
        Assert.Empty(await world.Ledger.KeyUses.OfAsync("acme", Stop));
        await Recorder(world).StoreAsync(Stop);
        Assert.Equal(mine, Assert.Single(await world.Ledger.KeyUses.OfAsync("acme", Stop)).Key);

        // As another node would; and one whose clock is behind takes nothing back.
        var (later, earlier) = (Instant.From(DateTimeOffset.UtcNow.AddMinutes(10)), Instant.From(DateTimeOffset.UtcNow.AddDays(-1)));
        await world.Ledger.KeyUses.StoreAsync([new("acme", theirs, later), new("acme", mine, earlier)], Stop);
        var keys = await KeysAsync(world);
        Assert.Equal(later.ToDateTimeOffset().UtcDateTime, At(keys[theirs])!.Value.UtcDateTime);
        Assert.True(At(keys[mine]) > earlier.ToDateTimeOffset());
    }

    private static Task<ILedger> OpenAsync(DirectoryInfo folder) => Task.FromResult<ILedger>(SqliteLedger.Open(folder.FullName));

    private static KeyUseRecorder Recorder(ApiWorld world) => world.Server.Services.GetRequiredService<KeyUseRecorder>();

    private static async Task<Dictionary<string, JsonElement>> KeysAsync(ApiWorld world) =>
        (await world.GetAsync("/orgs/acme/keys")).GetProperty("items").EnumerateArray().ToDictionary(
            key => key.GetProperty("id").GetString()!, StringComparer.Ordinal);

    private static DateTimeOffset? At(JsonElement key) =>
        key.GetProperty("last_used_at") is { ValueKind: JsonValueKind.String } at ? at.GetDateTimeOffset() : null;
}
