using System.Diagnostics;
using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres.Histories;

/// <summary>A store of two hosts goes on with the second when the first is gone.</summary>
public sealed class FailOverTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: a fail-over costs seconds, and nothing that was acknowledged. Method: a primary and its standby, which has everything; the primary is killed and
    // the standby promoted
    // while a client goes on; how long it is refused is measured from the promotion on.
    [Fact]
    public async Task S1_L4_after_a_fail_over_the_node_goes_on_within_seconds()
    {
        using var primary = new PostgresServer("synchronous_standby_names = '*'", "synchronous_commit = local");
        var store = primary.NewStore();
        await using (await PostgresLedger.OpenAsync(store))
        {
        }

        var standby = primary.StartStandby("standby");
        var address = $"postgres://tieout@127.0.0.1:{primary.Port},127.0.0.1:{standby}{new Uri(store).AbsolutePath}";
        await using var ledger = await PostgresLedger.OpenAsync(address);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        await UntilFollowedAsync(primary);

        primary.Kill();
        await using (var admin = new NpgsqlConnection($"Host=127.0.0.1;Port={standby};Username=tieout;Database=postgres;Pooling=false"))
        {
            await admin.OpenAsync(Cancel);
            await using var promote = new NpgsqlCommand("SELECT pg_promote()", admin);
            await promote.ExecuteScalarAsync(Cancel);
        }

        var refusals = 0;
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(1, 10, at: Instant.From(DateTimeOffset.UtcNow)), Cancel));
                break;
            }
            catch (StoreUnavailableException) when (clock.Elapsed < TimeSpan.FromSeconds(30))
            {
                refusals++;
                await Task.Delay(50, Cancel);
            }
        }

        output.WriteLine($"Refused {refusals} times in {clock.Elapsed.TotalSeconds:0.0} s after the promotion.");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 6);
        Assert.Equal(999_990, await BalanceAsync(ledger));
        PostgresVerified.Clean($"postgres://tieout@127.0.0.1:{standby}{new Uri(store).AbsolutePath}");
    }

    private static async Task<long> BalanceAsync(PostgresLedger ledger)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return (long)ledger.Read.Balance("acme")!.Balance.Nanos;
            }
            catch (StoreUnavailableException) when (tries < 50)
            {
                await Task.Delay(100, Cancel);
            }
        }
    }

    private static async Task UntilFollowedAsync(PostgresServer primary)
    {
        for (var clock = Stopwatch.StartNew(); primary.Sql(
            "postgres", "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()") != "1";)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "The standby does not follow.");
            await Task.Delay(50, Cancel);
        }
    }
}
