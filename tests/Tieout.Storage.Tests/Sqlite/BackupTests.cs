using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Tests.Sqlite;

public sealed class BackupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    // Goal: a backup of a ledger in use is one commit's state, and comes back as it was. Method: charges go on while three backups are made; each is restored,
    // verified, and holds everything that was acknowledged before it began.
    [Fact]
    public async Task L4_L8_a_backup_made_under_load_restores_to_a_verified_ledger()
    {
        var data = _folder.File("data");
        await using var ledger = SqliteLedger.Open(data, _clock);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) await ledger.SubmitAsync(command, Cancel);
        var acknowledged = 0;
        using var stop = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            for (var id = 1; !stop.IsCancellationRequested; id += 100)
            {
                await ledger.SubmitAsync([.. Enumerable.Range(id, 100).Select(number => Make.Charge(number, 1, at: _clock.Now))], Cancel);
                Interlocked.Add(ref acknowledged, 100);

                // Bounded: a ledger that grows faster than it is copied and verified would never let the test end.
                await Task.Delay(5, Cancel);
            }
        }, Cancel);
        for (var backup = 1; backup <= 3; backup++)
        {
            await Task.Delay(200, Cancel);
            var before = Volatile.Read(ref acknowledged);
            SqliteBackup.Write(data, _folder.File($"backup{backup}"));
            SqliteBackup.Restore(_folder.File($"backup{backup}"), _folder.File($"restored{backup}"));
            Verified.Clean(_folder.File($"restored{backup}"));
            await using var restored = SqliteLedger.Open(_folder.File($"restored{backup}"), _clock);
            Assert.True(restored.Read.Balance("acme")!.Balance.Nanos <= 1_000_000 - before);
        }

        await stop.CancelAsync();
        await load;
    }

    [Fact]
    public async Task Nothing_is_ever_written_over()
    {
        Assert.Contains("There is no ledger",
            Assert.Throws<StoreUnavailableException>(() => SqliteBackup.Write(_folder.File("none"), _folder.File("b"))).Message, StringComparison.Ordinal);
        await SqliteLedger.Open(_folder.File("data"), _clock).DisposeAsync();
        SqliteBackup.Write(_folder.File("data"), _folder.File("b"));
        Assert.Contains("exists. A backup is never written over another",
            Assert.Throws<StoreUnavailableException>(() => SqliteBackup.Write(_folder.File("data"), _folder.File("b"))).Message, StringComparison.Ordinal);
        Assert.Contains("has a ledger already",
            Assert.Throws<StoreUnavailableException>(() => SqliteBackup.Restore(_folder.File("b"), _folder.File("data"))).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist",
            Assert.Throws<StoreUnavailableException>(() => SqliteBackup.Restore(_folder.File("nowhere"), _folder.File("x"))).Message, StringComparison.Ordinal);
    }
}
