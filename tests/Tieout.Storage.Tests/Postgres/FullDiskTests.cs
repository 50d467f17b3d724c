using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres;

public sealed class FullDiskTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: a full disk of the database loses nothing, is said plainly, and is over when it is over. Method: a small disk filled to the brim while charges
    // come; then room is made, and everything that failed is sent again.
    [Fact]
    public async Task S1_a_full_disk_of_the_server_refuses_loses_nothing_and_is_over_when_it_is_over()
    {
        using var server = new PostgresServer(diskMegabytes: 220, "max_wal_size = 32MB", "min_wal_size = 32MB");
        var store = server.NewDatabase();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(10_000_000)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        var ballast = Path.Combine(server.Folder, "ballast");
        var room = new DriveInfo(server.Folder).AvailableFreeSpace;
        await File.WriteAllBytesAsync(ballast, new byte[room - 2_000_000], Cancel);

        var lists = 0;
        StoreUnavailableException? full = null;
        while (full is null)
        {
            Assert.True(lists < 200, "The disk is never full.");
            try
            {
                await SendAsync(ledger, lists);
                lists++;
            }
            catch (StoreUnavailableException failure)
            {
                full = failure;
            }
        }

        Assert.False(ledger.Health.IsWritable);
        File.Delete(ballast);
        if (server.HasEnded) server.Start();
        for (var waited = 0; ; waited++)
        {
            Assert.True(waited < 60, $"Still not writable: {ledger.Health.Reason}");
            try
            {
                await SendAsync(ledger, lists);
                break;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(500, Cancel);
            }
        }

        Assert.True(ledger.Health.IsWritable);
        Assert.Equal(10_000_000 - (lists + 1) * 500, ledger.Read.Balance("acme")!.Balance.Nanos);
        PostgresVerified.Clean(store);
    }

    private static async Task SendAsync(PostgresLedger ledger, int list)
    {
        var at = new Instant(1_700_000_000_000_000);
        var outcomes = await ledger.SubmitAsync([.. Enumerable.Range(list * 500 + 1, 500).Select(id => Make.Charge(id, 1, at: at))], Cancel);
        Assert.DoesNotContain(outcomes, outcome => outcome is Outcome.Refused);
    }
}
