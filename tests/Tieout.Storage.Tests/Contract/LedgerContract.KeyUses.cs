using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Last uses of keys: the latest counts, within the key's org, beside the ledger.</summary>
public abstract partial class LedgerContract
{
    [Fact]
    public async Task The_last_use_of_a_key_is_the_latest_that_any_node_stored_also_after_a_restart()
    {
        await using (var ledger = Open(fresh: true))
        {
            await ledger.SubmitAsync(Make.OpenOrg(), Stop);
            var (version, asOf) = (ledger.Read.SettingsVersion, ledger.Read.AsOf);
            await ledger.KeyUses.StoreAsync([Used("acme", "key_1", 5), Used("acme", "key_2", 1), Used("beta", "key_1", 9)], Stop);
            await ledger.KeyUses.StoreAsync([Used("acme", "key_1", 3), Used("acme", "key_2", 2)], Stop);
            await ledger.KeyUses.StoreAsync([], Stop);

            // No commit, and no key is read anew for it.
            Assert.Equal((version, asOf), (ledger.Read.SettingsVersion, ledger.Read.AsOf));
        }

        await using var again = Open(fresh: false);
        var uses = await again.KeyUses.OfAsync("acme", Stop);
        Assert.Equal(2, uses.Count);
        Assert.Equal((Used("acme", "key_1", 5).At, Used("acme", "key_2", 2).At), (uses["key_1"], uses["key_2"]));
        Assert.Equal(Used("beta", "key_1", 9).At, Assert.Single(await again.KeyUses.OfAsync("beta", Stop)).Value);
        Assert.Empty(await again.KeyUses.OfAsync("gamma", Stop));
    }

    private static KeyUse Used(string org, string key, int minute) => new(org, key, new FakeClock().Now + TimeSpan.FromMinutes(minute));
}
