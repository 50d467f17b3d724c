using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>What makes an embedded ledger read-only: it never ends the process, and reads go on.</summary>
public sealed class ReadOnlyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    // Goal: a flush that cannot succeed. Method: a damaged cell that has no room for one token more.
    [Fact]
    public async Task A_flush_that_cannot_succeed_makes_the_store_read_only_and_names_the_figure()
    {
        await using (var ledger = SqliteLedger.Open(_folder.Path, _clock))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 10)]) await ledger.SubmitAsync(command, Cancel);
            await ledger.FlushAsync();
            ledger.Store.Writes.Execute($"UPDATE cells SET input_tokens = '{Int128.MaxValue}'");
            await ledger.SubmitAsync(Make.Charge(2, 10), Cancel);
            await Assert.ThrowsAsync<StoreUnavailableException>(ledger.FlushAsync);
            AssertReadOnly(ledger);
            var refused = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await ledger.SubmitAsync(Make.Charge(3, 10), Cancel));
            Assert.Equal((StoreFault.ReadOnly, StoreEffect.None), (refused.Fault, refused.Effect));
        }

        // And so after every restart: it starts, it reads, and it says why it does not write.
        await using var again = SqliteLedger.Open(_folder.Path, _clock);
        for (var waited = 0; again.Health.IsWritable && waited < 100; waited++) await Task.Delay(100, Cancel);
        AssertReadOnly(again);
    }

    // A posting that names an account which is not there: a start that replays it would make figures of nothing.
    [Fact]
    public async Task A_start_whose_replay_fails_is_read_only_and_names_the_posting()
    {
        await using (var ledger = SqliteLedger.Open(_folder.Path, _clock))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 10)]) await ledger.SubmitAsync(command, Cancel);
            await ledger.FlushAsync();
            ledger.Store.Writes.Execute("UPDATE checkpoint SET posting = 1");
            ledger.Store.Writes.Execute("PRAGMA foreign_keys = OFF; UPDATE postings SET debit = 77 WHERE seq = 2");
        }

        await using var damaged = SqliteLedger.Open(_folder.Path, _clock);
        Assert.Equal((false, true), (damaged.Health.IsWritable, damaged.Health.IsReadOnly));
        Assert.Contains("Row 2 of table postings", damaged.Health.Reason, StringComparison.Ordinal);
        Assert.Contains("account 77", damaged.Health.Reason, StringComparison.Ordinal);
        Assert.NotNull(damaged.Read.Org("acme"));
    }

    private static void AssertReadOnly(SqliteLedger ledger)
    {
        Assert.Equal((false, true), (ledger.Health.IsWritable, ledger.Health.IsReadOnly));
        Assert.Contains("the cell of hour", ledger.Health.Reason, StringComparison.Ordinal);
        Assert.Equal(980, ledger.Read.Balance("acme")!.Balance.Nanos);
    }
}
