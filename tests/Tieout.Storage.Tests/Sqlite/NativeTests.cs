using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Tests.Sqlite;

public sealed class NativeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_bound_is_what_is_read()
    {
        using var db = RawConnection.Open(folder.File("a.db"));
        var id = Guid.CreateVersion7();
        using var select = db.Prepare("SELECT ?, ?, ?, ?, ?, ?, ?");
        select.Bind(1, long.MinValue);
        select.Bind(2, "grüße, 東京 🙂");
        select.BindBlob(3, id);
        select.Bind(4, (string?)null);
        select.Bind(5, "");
        select.BindBlob(6, ReadOnlySpan<byte>.Empty);
        select.Bind(7, (long?)null);

        Assert.True(select.Step());
        Assert.Equal(long.MinValue, select.Int64(0));
        Assert.Equal("grüße, 東京 🙂", select.Text(1));
        Assert.Equal(id, select.Guid(2));
        Assert.Null(select.TextOrNull(3));
        Assert.Equal("", select.TextOrNull(4));
        Assert.False(select.IsNull(5));
        Assert.Equal(0, select.Bytes(5).Length);
        Assert.Null(select.Int64OrNull(6));
    }

    // Method: values larger than the statement's memory, with a small one bound before, which must survive the growth.
    [Fact]
    public void Values_of_any_length_are_kept_apart()
    {
        using var db = RawConnection.Open(folder.File("a.db"));
        using var select = db.Prepare("SELECT ?, ?, ?, ?");
        for (var round = 0; round < 3; round++)
        {
            select.Bind(1, "before");
            select.Bind(2, new string('x', 5_000));
            select.BindBlob(3, new byte[20_000]);
            select.BindText(4, "after"u8);
            Assert.True(select.Step());
            Assert.Equal("before", select.Text(0));
            Assert.Equal(5_000, select.Bytes(1).Length);
            Assert.Equal(20_000, select.Bytes(2).Length);
            Assert.Equal("after", select.Text(3));
            select.Reset();
        }
    }

    [Fact]
    public void A_file_that_is_no_database_is_corrupt_and_named()
    {
        File.WriteAllText(folder.File("a.db"), string.Concat(Enumerable.Repeat("not a database at all ", 100)));
        using var db = RawConnection.Open(folder.File("a.db"));
        var failure = Assert.Throws<StoreCorruptException>(() => db.ReadInt64("SELECT count(*) FROM sqlite_schema"));
        Assert.Contains("a.db", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_cannot_be_opened()
    {
        var failure = Assert.Throws<StoreUnavailableException>(() => RawConnection.Open(folder.File("no/such/a.db")));
        Assert.Equal((StoreFault.NotWritable, StoreEffect.None), (failure.Fault, failure.Effect));
    }

    [Fact]
    public void A_full_store_says_so_and_keeps_nothing_of_the_transaction()
    {
        using var db = RawConnection.Open(folder.File("a.db"));
        db.Execute("CREATE TABLE t (x BLOB)");
        db.Execute("PRAGMA max_page_count = 10");
        using var insert = db.Prepare("INSERT INTO t VALUES (zeroblob(3000))");
        db.Execute("BEGIN");
        var failure = Assert.Throws<StoreUnavailableException>(() =>
        {
            for (var row = 0; row < 100; row++) insert.Run();
        });
        db.RollBack();

        Assert.Equal((StoreFault.Full, StoreEffect.None), (failure.Fault, failure.Effect));
        Assert.False(db.InTransaction);
        Assert.Equal(0, db.ReadInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_lock_held_by_another_is_busy()
    {
        using var first = RawConnection.Open(folder.File("a.db"));
        using var second = RawConnection.Open(folder.File("a.db"), busyMilliseconds: 0);
        first.Execute("CREATE TABLE t (x)");
        first.Execute("BEGIN IMMEDIATE");
        var failure = Assert.Throws<StoreUnavailableException>(() => second.Execute("BEGIN IMMEDIATE"));
        Assert.Equal((StoreFault.Busy, StoreEffect.None), (failure.Fault, failure.Effect));
    }

    // Without the first read a fresh connection answers (0, 0) for a log it does not know of. Found by a log that never shrank.
    [Fact]
    public void A_fresh_connection_checkpoints_the_log_of_another()
    {
        using var writer = RawConnection.Open(folder.File("a.db"));
        writer.Execute("PRAGMA journal_mode = WAL");
        writer.Execute("PRAGMA wal_autocheckpoint = 0");
        writer.Execute("CREATE TABLE t (x)");
        using var other = RawConnection.Open(folder.File("a.db"));
        var (frames, done) = other.CheckpointPassive();
        Assert.True(frames > 0);
        Assert.Equal(frames, done);
    }
}
