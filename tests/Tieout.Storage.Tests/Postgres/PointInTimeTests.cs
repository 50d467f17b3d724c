using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>What <c>deploy/README.md</c> says of backups, done.</summary>
public sealed class PointInTimeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: a database put back to a moment is a whole ledger as of that moment, and goes on from there. Method: a base backup while charges come in, more
    // charges, the moment, charges that are not to be there; then the backup and the archived log, to the moment.
    [Fact]
    public async Task L4_L8_a_database_recovered_to_a_moment_is_the_ledger_of_that_moment_and_goes_on()
    {
        using var server = new PostgresServer("wal_level = replica", "archive_mode = on", "archive_command = 'mkdir -p ../wal && cp %p ../wal/%f'");
        var store = server.NewStore();
        string moment;
        await using (var ledger = await PostgresLedger.OpenAsync(store))
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.OpenOrg(), Cancel));
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.TopUp(1_000), Cancel));
            var charging = ChargeAsync(ledger, 1, 100);
            server.BaseBackup("copy");
            await charging;
            await ChargeAsync(ledger, 101, 50);
            moment = server.Sql("postgres", "SELECT clock_timestamp()::text FROM pg_sleep(0.05)");
            await Task.Delay(50, Cancel);
            await ChargeAsync(ledger, 151, 30);
            Assert.Equal(1_000 - 180, ledger.Read.Balance("acme")!.Balance.Nanos);
        }

        var last = server.Sql("postgres", "SELECT pg_walfile_name(pg_switch_wal())");
        for (var waited = 0; string.CompareOrdinal(server.Sql("postgres", "SELECT last_archived_wal FROM pg_stat_archiver"), last) < 0; waited++)
        {
            Assert.True(waited < 300, "The log was not archived.");
            await Task.Delay(100, Cancel);
        }

        server.Recover("copy", $"cp {server.Folder}/wal/%f %p", moment);

        PostgresVerified.Clean(store);
        await using var recovered = await PostgresLedger.OpenAsync(store);
        Assert.Equal(1_000 - 150, recovered.Read.Balance("acme")!.Balance.Nanos);
        Assert.IsType<Outcome.Replayed>(await recovered.SubmitAsync(Charge(150), Cancel));
        Assert.IsType<Outcome.Done>(await recovered.SubmitAsync(Charge(151), Cancel));
        PostgresVerified.Clean(store);
    }

    private static async Task ChargeAsync(PostgresLedger ledger, int from, int count)
    {
        for (var id = from; id < from + count; id++) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Charge(id), Cancel));
    }

    private static Command Charge(int id) =>
        Make.Charge(id, 1, Make.Labels(), at: Core.Instant.From(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero)), fact: true);
}
