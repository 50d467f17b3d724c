using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>Verification of a file with many pages of rows: each table is read on a connection of its own, a page at a time.</summary>
public sealed class LongVerificationTests : IDisposable
{
    // More than two pages of each table.
    private const int Rows = 2 * SqlitePages.PageRows + 100;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Verify_looks_at_one_commit_and_holds_no_snapshot_while_a_ledger_goes_on()
    {
        await using var ledger = await BusyAsync();
        await ledger.FlushAsync();
        var before = Checked(SqliteVerification.Run(_folder.Path));
        var midway = new Midway(() =>
        {
            // A snapshot of verify would keep the log from being copied to its end, whatever is written.
            ledger.SubmitAsync([.. Enumerable.Range(1, 50).Select(no => Make.Charge(900_000 + no, 1))], TestContext.Current.CancellationToken)
                .AsTask().GetAwaiter().GetResult();
            ledger.FlushAsync().GetAwaiter().GetResult();
            using var copier = RawConnection.Open(ledger.Store.Database);
            for (var i = 0; i < 500; i++)
            {
                var (frames, done) = copier.CheckpointPassive();
                if (frames == done) return true;
                Thread.Sleep(10);
            }

            return false;
        });

        var during = SqliteVerification.Run(_folder.Path, progress: midway);
        Assert.True(midway.IsCopied);
        Assert.Equal(before, Checked(during));
        Verified.Clean(_folder.Path);
    }

    // A server's follower goes on while verify runs: sums and index must be compared as of one commit (a fault we had).
    [Fact]
    public async Task Verify_compares_what_was_counted_as_of_one_commit_while_the_follower_goes_on()
    {
        await using var ledger = await BusyAsync();
        await ledger.FlushAsync();
        await ledger.Follower.StepAsync(TestContext.Current.CancellationToken);
        var midway = new Midway(() =>
        {
            ledger.SubmitAsync([.. Enumerable.Range(1, 50).Select(no => Make.Charge(900_000 + no, 1))], TestContext.Current.CancellationToken)
                .AsTask().GetAwaiter().GetResult();
            ledger.FlushAsync().GetAwaiter().GetResult();
            return ledger.Follower.StepAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult().Rows > 0;
        });

        var derived = SqliteVerification.Run(_folder.Path, progress: midway).Checks.Single(check => check.Id == "derived");

        Assert.True(midway.IsCopied);
        Assert.Empty(derived.Rows);
        Assert.True(derived.Checked > 0);
    }

    [Theory]
    [InlineData("UPDATE usage SET output_tokens = output_tokens + 1 WHERE seq = 3000", "usage 3000 (")]
    [InlineData("DELETE FROM postings WHERE seq = 4000", "postings 4000 is missing.")]
    [InlineData("UPDATE hold_ends SET ended_at = ended_at + 1 WHERE hold = 2500", "hold_ends 2500 (")]
    [InlineData("UPDATE usage SET id = zeroblob(3) WHERE seq = 2048", "usage 2048 cannot be read")]
    [InlineData("INSERT INTO hold_ends SELECT hold + 100000, state, ended_at, commit_no, crc FROM hold_ends WHERE hold = 7", "it ends hold 100007, which does not exist")]
    public async Task L8_a_changed_row_is_named_on_whatever_page_it_is(string damage, string says)
    {
        await (await BusyAsync()).DisposeAsync();
        Verified.Clean(_folder.Path);
        using (var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path))) file.Execute(damage);
        var rows = SqliteVerification.Run(_folder.Path).Checks.Single(check => check.Id == "L8").Rows;
        Assert.Contains(rows, row => row.Contains(says, StringComparison.Ordinal));
        Assert.DoesNotContain(rows, row => row.Contains("belongs to no commit", StringComparison.Ordinal));
    }

    /// <summary>Holds that end in another order than they were placed in, and as many charges.</summary>
    private async Task<SqliteLedger> BusyAsync()
    {
        var ledger = SqliteLedger.Open(_folder.Path, _clock);
        async Task SubmitAsync(IEnumerable<Command> commands)
        {
            foreach (var some in commands.Chunk(1_000)) await ledger.SubmitAsync(some, TestContext.Current.CancellationToken);
        }

        AttemptId Id(int no) => new(new Guid(no, 1, 0, new byte[8]));
        var labels = Make.Labels(team: "red");
        await SubmitAsync([Make.OpenOrg(), Make.TopUp(1_000_000, "start"), Make.Budget(1_000_000)]);
        await SubmitAsync(Enumerable.Range(1, Rows).Select(no =>
            new Command.PlaceHold(Id(no), labels, null, $"op{no}", new Amount(1), TimeSpan.FromMinutes(1))));
        await SubmitAsync(Enumerable.Range(1, Rows).OrderBy(no => no % 7).Select(no => new Command.Release(Id(no))));
        await SubmitAsync(Enumerable.Range(1, Rows).Select(no => Make.Charge(no, 1, labels, at: _clock.Now)));
        return ledger;
    }

    private static string Checked(VerificationReport report) => string.Join('\n',
        report.Checks.Where(check => check.Id is not ("M3" or "file" or "derived")).Select(check => $"{check.Id} {check.Checked} {check.Broken}"));

    /// <summary>Does something once, when half of the rows are done.</summary>
    private sealed class Midway(Func<bool> act) : IProgress<RowProgress>
    {
        private bool _isDone;

        public bool IsCopied { get; private set; }

        public void Report(RowProgress value)
        {
            if (_isDone || value.Done < value.Total / 2) return;
            (_isDone, IsCopied) = (true, act());
        }
    }
}
