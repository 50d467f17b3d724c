using System.Diagnostics;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>A store on a full disk is not called writable because a page that it has already can be changed.</summary>
public sealed class ProbeTests : IDisposable
{
    private const int DiskMegabytes = 8;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();
    private bool _hasDisk;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_hasDisk) Ran("umount", "--lazy", _folder.Path);
        _folder.Dispose();
    }

    [Fact]
    public async Task S1_a_probe_fails_where_the_file_cannot_grow_and_leaves_nothing_behind()
    {
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        await ledger.SubmitAsync(Make.OpenOrg(), Cancel);
        var writes = ledger.Store.Writes;
        writes.Execute($"PRAGMA max_page_count = {writes.ReadInt64("PRAGMA page_count") + 16}");

        Assert.Equal((StoreFault.Full, StoreEffect.None), Reason(Assert.Throws<StoreUnavailableException>(ledger.Store.Probe)));
        writes.Execute("PRAGMA max_page_count = 1073741823");
        ledger.Store.Probe();

        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.TopUp(1), Cancel));
        await ledger.DisposeAsync();
        Verified.Clean(_folder.Path);
    }

    // Goal: on a full disk health does not go up and down. Method: a small disk filled to the brim.
    [Fact]
    public async Task S1_a_probe_fails_while_the_disk_is_full_and_succeeds_when_it_is_not()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Skip("Only root may make a small disk to fill.");
        _hasDisk = Ran("mount", "-t", "tmpfs", "-o", $"size={DiskMegabytes}m", "tmpfs", _folder.Path);
        Assert.True(_hasDisk, "A disk in memory could not be made.");
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        await ledger.SubmitAsync(Make.OpenOrg(), Cancel);
        ledger.Store.Probe();
        var ballast = _folder.File("ballast");
        await File.WriteAllBytesAsync(ballast, new byte[new DriveInfo(_folder.Path).AvailableFreeSpace - 200_000], Cancel);

        for (var probe = 0; probe < 3; probe++)
        {
            Assert.Equal((StoreFault.Full, StoreEffect.None), Reason(Assert.Throws<StoreUnavailableException>(ledger.Store.Probe)));
        }

        File.Delete(ballast);
        ledger.Store.Probe();

        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.TopUp(1), Cancel));
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path), file => file.EndsWith(".room", StringComparison.Ordinal));
    }

    private static (StoreFault Fault, StoreEffect Effect) Reason(StoreUnavailableException failure) => (failure.Fault, failure.Effect);

    private static bool Ran(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
