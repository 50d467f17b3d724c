using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Storage.Tests.Contract;

/// <summary>A store that looks up too little stops, instead of deciding as if there were nothing. Each kind of command, on both stores.</summary>
public sealed class PrefetchTests
{
    // An id above every stored one needs no look-up, so one is stored that is above those of the samples.
    private static readonly Command Newest = new Command.Charge(((Command.Charge)Make.Charge(1_000, 1)).Usage, Fact: true);

    private static readonly Instant Now = Instant.From(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void L3_sqlite_decides_nothing_that_it_did_not_look_up()
    {
        using var folder = new TemporaryFolder();
        using var store = SqliteLedgerStore.Open(folder.Path);
        using var stored = store.Load(Now);
        Open(stored.Book);
        stored.Prefetch([Newest], [], isCommitting: false);
        stored.Apply(LedgerRules.Decide(stored.Book, [Newest], Now));
        foreach (var sample in CommandSamples.All.Select(CommandSamples.Asked))
        {
            stored.Prefetch([], [], isCommitting: false);
            Refuses(stored.Book, sample);
            stored.Prefetch([sample], [], isCommitting: false);
            Assert.Single(LedgerRules.Decide(stored.Book, [sample], Now).Outcomes);
        }
    }

    [Fact]
    public async Task L3_postgres_decides_nothing_that_it_did_not_look_up()
    {
        var address = PostgresServer.Instance.NewDatabase();
        await using (await PostgresLedger.OpenAsync(address, buckets: 1, Writing.LedgerWriter.BatchMax))
        {
        }

        await using var source = PostgresAddress.Source(address);
        await using var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var stored = new BucketBook(0);
        Open(stored.Book);
        await stored.PrefetchAsync(connection, [Newest], []);
        stored.Apply(LedgerRules.Decide(stored.Book, [Newest], Now), [], []);
        foreach (var sample in CommandSamples.All.Select(CommandSamples.Asked))
        {
            await stored.PrefetchAsync(connection, [], []);
            Refuses(stored.Book, sample);
            await stored.PrefetchAsync(connection, [sample], []);
            Assert.Single(LedgerRules.Decide(stored.Book, [sample], Now).Outcomes);
        }
    }

    private static void Refuses(Book book, Command sample)
    {
        var thrown = Record.Exception(() => LedgerRules.Decide(book, [sample], Now));
        if (CommandSamples.LooksAtNothing(sample)) Assert.Null(thrown);
        else Assert.Equal("L3", Assert.IsType<InvariantBrokenException>(thrown).Rule);
    }

    private static void Open(Book book)
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        foreach (var row in ledger.Settings) book.Recall(row);
    }
}
