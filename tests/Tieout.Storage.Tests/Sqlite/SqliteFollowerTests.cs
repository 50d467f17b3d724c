using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Follower;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Tests.Contract;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>The derived file of an embedded ledger: lost, damaged, of another ledger, of another time, or not to be had at all. Reports stay exact.</summary>
public sealed class SqliteFollowerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();
    private readonly FollowedTraffic _traffic;

    public SqliteFollowerTests() => _traffic = new(_clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Data => _folder.File("data");

    private string Derived => DerivedFile.In(Data);

    public void Dispose() => _folder.Dispose();

    // Goal: a node that dies anywhere counts each row once after its next start. Method: the files of the open ledger are copied before and after each step,
    // which is what a power cut leaves, and the copy is opened.
    [Fact]
    public async Task Q2_a_copy_of_the_files_at_any_time_counts_each_row_once()
    {
        await using var ledger = await BeginAsync();
        for (var round = 0; round < 8; round++)
        {
            await _traffic.RunAsync(ledger, 7);
            await AssertCopyAsync($"before{round}");
            await ledger.FlushAsync();
            await ledger.Follower.StepAsync(Cancel);
            await AssertCopyAsync($"after{round}");
        }
    }

    public static TheoryData<string> Damages =>
    [
        "deleted", "rubbish", "rubbish in the middle", "empty", "half", "of another program", "without a table", "texts for sums", "no row numbers", "no entries",
        "no sketch", "no users",
    ];

    /// <summary>Of pages that the connections have in memory already, nobody reads the damage.</summary>
    public static TheoryData<string> VisibleDamages =>
    [
        "deleted", "of another program", "without a table", "texts for sums", "no row numbers", "no entries", "no sketch", "no users",
    ];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Q2_a_derived_file_that_was_damaged_while_the_ledger_was_closed_is_made_anew(string damage)
    {
        await using (var ledger = await BeginAsync())
        {
            await _traffic.RunAsync(ledger, 60);
            await LedgerContract.FollowAsync(ledger);
        }

        Damage(damage);
        await using (var ledger = SqliteLedger.Open(Data, _clock))
        {
            await AssertHealsAsync(ledger);
        }

        Verified.Clean(Data);
    }

    [Theory]
    [MemberData(nameof(VisibleDamages))]
    public async Task Q2_a_derived_file_that_is_damaged_while_the_ledger_is_open_is_made_anew(string damage)
    {
        await using (var ledger = await BeginAsync())
        {
            await _traffic.RunAsync(ledger, 60);
            await LedgerContract.FollowAsync(ledger);
            Damage(damage);
            await AssertHealsAsync(ledger);
        }

        Verified.Clean(Data);
    }

    [Fact]
    public async Task Q2_lines_of_another_ledger_and_of_a_later_state_are_not_taken_for_this_ledgers()
    {
        var clock = new FakeClock();
        var other = new FollowedTraffic(clock);
        other.Memory.Submit(Make.TopUp(5, "of-the-other"));
        await using (var ledger = SqliteLedger.Open(_folder.File("other"), clock))
        {
            await LedgerContract.BeginAsync(ledger);
            await ledger.SubmitAsync(Make.TopUp(5, "of-the-other"), Cancel);
            await other.RunAsync(ledger, 30);
            await LedgerContract.FollowAsync(ledger);
        }

        await using (var ledger = await BeginAsync())
        {
            await _traffic.RunAsync(ledger, 40);
            await LedgerContract.FollowAsync(ledger);
        }

        var backup = _folder.File("backup.db");
        SqliteBackup.Write(Data, backup);
        File.Copy(DerivedFile.In(_folder.File("other")), Derived, overwrite: true);
        await OpenAndHealAsync();

        // The ledger is put back to its backup, the derived file stays as it is.
        File.Copy(backup, DataFolder.DatabaseIn(Data), overwrite: true);
        var before = new FollowedTraffic(_clock);
        before.Skip(40);
        await using (var ledger = SqliteLedger.Open(Data, _clock)) await AssertHealsAsync(ledger, before);
        Verified.Clean(Data);
    }

    // Goal: a disk that cannot take the derived file costs speed and nothing else. Method: a folder has its name.
    [Fact]
    public async Task Q2_without_a_derived_file_the_ledger_opens_reports_are_exact_and_a_later_step_makes_it()
    {
        Directory.CreateDirectory(Derived);
        await using var ledger = await BeginAsync();
        await _traffic.RunAsync(ledger, 30);
        await ledger.FlushAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ledger.Follower.StepAsync(Cancel));
        await LedgerContract.AssertReportsAsync(ledger, _traffic.Memory);
        Directory.Delete(Derived);
        await AssertHealsAsync(ledger);
    }

    private async Task<SqliteLedger> BeginAsync()
    {
        var ledger = SqliteLedger.Open(Data, _clock);
        await LedgerContract.BeginAsync(ledger);
        return ledger;
    }

    private async Task OpenAndHealAsync()
    {
        await using var ledger = SqliteLedger.Open(Data, _clock);
        await AssertHealsAsync(ledger);
    }

    /// <summary>Reports are exact before the follower has made good what is wrong, and when it has.</summary>
    private async Task AssertHealsAsync(SqliteLedger ledger, FollowedTraffic? traffic = null)
    {
        traffic ??= _traffic;
        await LedgerContract.AssertReportsAsync(ledger, traffic.Memory);
        await traffic.RunAsync(ledger, 5);
        Assert.Empty(await LedgerContract.FollowAsync(ledger));
        Assert.Equal(0, ledger.Follower.Standing.RowsBehind);
        await LedgerContract.AssertReportsAsync(ledger, traffic.Memory);
        using var file = RawConnection.Open(Derived, readOnly: true);
        Assert.Equal(traffic.Memory.Usage.Count, file.ReadInt64("SELECT sum(attempts) FROM recounts WHERE span = 0"));
        Assert.Equal(traffic.Memory.Postings.Count, file.ReadInt64("SELECT sum(posting_count) FROM recount_months"));
    }

    private async Task AssertCopyAsync(string name)
    {
        var copy = Directory.CreateDirectory(_folder.File(name)).FullName;
        foreach (var file in (string[])["tieout.db", "tieout.db-wal", "derived.db", "derived.db-wal"])
        {
            if (File.Exists(Path.Combine(Data, file))) File.Copy(Path.Combine(Data, file), Path.Combine(copy, file));
        }

        await using var ledger = SqliteLedger.Open(copy, _clock);
        await LedgerContract.AssertReportsAsync(ledger, _traffic.Memory);
        Assert.Empty(await LedgerContract.FollowAsync(ledger));
        await LedgerContract.AssertReportsAsync(ledger, _traffic.Memory);
        using var derived = RawConnection.Open(DerivedFile.In(copy), readOnly: true);
        Assert.Equal(_traffic.Memory.Usage.Count, derived.ReadInt64("SELECT sum(attempts) FROM recounts WHERE span = 0"));
    }

    private void Damage(string how)
    {
        switch (how)
        {
            case "deleted":
                File.Delete(Derived);
                break;
            case "rubbish":
                File.WriteAllBytes(Derived, [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7 % 251))]);
                break;
            case "rubbish in the middle":
                Overwrite(from: 4_096);
                break;
            case "empty":
                File.WriteAllBytes(Derived, []);
                break;
            case "half":
                using (var file = File.OpenWrite(Derived)) file.SetLength(file.Length / 2);
                break;
            case "of another program":
                Change("DROP TABLE recounts; DROP TABLE recount_months; CREATE TABLE recounts (x INTEGER); PRAGMA user_version = 7");
                break;
            case "without a table":
                Change("DROP TABLE recount_statuses");
                break;
            case "texts for sums":
                Change("UPDATE recounts SET charge = 'much'");
                break;
            case "no row numbers":
                Change("UPDATE usage_hours SET rows = x'ffff'");
                break;
            case "no entries":
                Change("UPDATE usage_id_blocks SET entries = x'ff'");
                break;
            case "no sketch":
                Change("UPDATE usage_sketches SET input_tokens = x'ff'");
                break;
            case "no users":
                Change("UPDATE usage_sketches SET end_users = x'ff'");
                break;
        }
    }

    private void Overwrite(int from)
    {
        // What the log still holds would put the pages right again.
        Change("PRAGMA wal_checkpoint(TRUNCATE)");
        using var file = new FileStream(Derived, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        file.Position = from;
        file.Write([.. Enumerable.Repeat((byte)0x5a, (int)file.Length - from)]);
    }

    private void Change(string sql)
    {
        using var file = RawConnection.Open(Derived);
        file.Execute(sql);
    }
}
