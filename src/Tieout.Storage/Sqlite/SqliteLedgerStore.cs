using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Rows;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite;

/// <summary>The embedded store: one folder, one file, one writer. Makes write sets durable and loads the book again.</summary>
/// <remarks>
/// Two connections, two threads at most: <see cref="Load"/> and what it returns belong to the thread that decides, everything
/// else to the thread that commits. While nothing is being committed, the first may look things up through the second's connection.
/// </remarks>
internal sealed class SqliteLedgerStore : ILedgerStore
{
    /// <summary>Of pages that the writer keeps in memory: imported ids come in no order, and with SQLite's 2 MB each of them is a page read from the
    /// file.</summary>
    private const int PagesKb = 65_536;

    /// <summary>More than nearly every commit adds to the file and its log.</summary>
    private const int RoomBytes = 1_048_576;

    private readonly DataFolder _folder;
    private readonly RawConnection _writes;
    private readonly RawConnection _reads;
    private readonly RawStatement _begin;
    private readonly RawStatement _commit;
    private readonly RowInserts _inserts;
    private readonly CheckpointTables _tables;
    private readonly Pending _pending = new();
    private readonly LogCopier _log;

    // A commit that is durable could not be added to what the next flush writes: only a load finds the figures again.
    private Exception? _pendingIsWrong;

    private SqliteLedgerStore(DataFolder folder, RawConnection writes, RawConnection reads)
    {
        _folder = folder;
        _writes = writes;
        _reads = reads;
        _begin = writes.Prepare("BEGIN IMMEDIATE");
        _commit = writes.Prepare("COMMIT");
        _inserts = new(writes);
        _tables = new(writes);
        _log = new(folder.Database);
    }

    public string Folder => _folder.Path;

    public string Database => _folder.Database;

    /// <summary>Postings since the last checkpoint.</summary>
    public long PostingsPending => _pending.Postings;

    /// <summary>Of every book that is loaded from now on.</summary>
    public LedgerLimits Limits { get; set; } = LedgerLimits.Default;

    public bool HasPending => !_pending.IsEmpty;

    /// <summary>For tests: the file as it is, to fill its disk or to damage it.</summary>
    internal RawConnection Writes => _writes;

    /// <exception cref="DataFolderInUseException">Another writer has the folder.</exception>
    /// <exception cref="StoreUnavailableException">The folder or file cannot be opened or written.</exception>
    /// <exception cref="StoreCorruptException">The file is not a ledger, or damaged.</exception>
    public static SqliteLedgerStore Open(string path)
    {
        var folder = DataFolder.Claim(path);
        RawConnection? writes = null, reads = null;
        try
        {
            writes = RawConnection.Open(folder.Database);

            // Before the first page of a new file is written: pages of detached rows can be given back. A file that is there keeps its form.
            writes.Execute("PRAGMA auto_vacuum = INCREMENTAL");
            writes.Execute(
                $"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{PagesKb}");
            Schema.Migrate(writes);
            reads = RawConnection.Open(folder.Database);
            return new(folder, writes, reads);
        }
        catch
        {
            reads?.Dispose();
            writes?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>A book with damage leaves what is pending as it is: incomplete, so nothing may be flushed.</remarks>
    public IStoredBook Load(Instant now)
    {
        var book = StoredBook.Load(_reads, _writes, _pending, now);
        _pendingIsWrong = book.Damage is { } damage ? new StoreCorruptException(damage) : null;
        book.Book.Limits = Limits;
        return book;
    }

    /// <inheritdoc/>
    public Instant? LastRecordedAt()
    {
        using var s = _reads.Prepare("SELECT recorded_at FROM chain ORDER BY commit_no DESC LIMIT 1");
        return s.Step() ? RowReads.Time(s, 0) : null;
    }

    /// <inheritdoc/>
    public void Commit(WriteSet writes, IReadOnlyList<BudgetWindow>? backfilled = null, long firstOpenHold = 0)
    {
        // A new budget counts what was spent before it was set, which no replay of later postings would find. So its windows
        // must be in the checkpoint from the commit on that sets it, and the checkpoint must not be of a time before it.
        if (backfilled is not null) Flush(firstOpenHold);
        InTransaction(() =>
        {
            _inserts.Write(writes);
            if (backfilled is null) return;
            foreach (var window in backfilled) _tables.Write(window);
            _tables.Advance(writes.Chain.Last, firstOpenHold);
        });
        try
        {
            _pending.Add(writes);
            _log.Committed(_writes, writes);
        }
        catch (Exception broken)
        {
            // The commit is durable and stays so. The next flush reports it.
            _pendingIsWrong ??= broken;
        }
    }

    /// <inheritdoc/>
    public void Flush(long firstOpenHold)
    {
        if (_pendingIsWrong is { } wrong)
        {
            throw new StoreUnavailableException($"The figures of a commit cannot be summed up: {wrong.Message}", StoreEffect.None, StoreFault.ReadOnly, wrong);
        }

        if (_pending.IsEmpty) return;
        InTransaction(() => _tables.Write(_pending, _pending.Last, firstOpenHold));
        _pending.Clear();
    }

    /// <inheritdoc/>
    /// <param name="book">The figures in memory, which the file's agree with where they were touched.</param>
    /// <param name="drifts">As they were measured.</param>
    public void Repair(Book book, IReadOnlyList<FigureDrift> drifts) => InTransaction(() =>
    {
        foreach (var drift in drifts) _tables.Repair(book, drift);
    });

    /// <inheritdoc/>
    /// <remarks>On a full disk a change of a page that the file has already succeeds, and the next commit fails. So the file must be able to grow, and the disk
    /// to take as much.</remarks>
    public void Probe()
    {
        _folder.ProveRoom(RoomBytes);
        InTransaction(() => _writes.Execute($"""
            SAVEPOINT room;
            INSERT INTO prices (no, body, crc) VALUES (-1, CAST(zeroblob({RoomBytes}) AS TEXT), 0);
            ROLLBACK TO room;
            RELEASE room;
            UPDATE checkpoint SET first_open_hold = first_open_hold
            """));
    }

    /// <inheritdoc/>
    public IReadOnlyList<BudgetWindow> Backfill(Book book, BudgetState budget, Instant now) => Backfilling.Windows(_reads, book, budget, now);

    /// <summary>Leaves a file without a log behind. Whatever was not flushed is rebuilt at the next start.</summary>
    public void Dispose()
    {
        _log.Dispose();
        foreach (var resource in (ReadOnlySpan<IDisposable>)[_inserts, _tables, _begin, _commit, _reads])
        {
            resource.Dispose();
        }

        try
        {
            _writes.CheckpointTruncate();
        }
        catch (Exception failure) when (failure is StoreUnavailableException or StoreCorruptException or InvalidOperationException)
        {
            // The log stays, and the next start reads it.
        }

        _writes.Dispose();
        _folder.Dispose();
    }

    private void InTransaction(Action write)
    {
        try
        {
            _begin.Run();
            write();
            _writes.Commit(_commit);
        }
        finally
        {
            _writes.RollBack();
        }
    }
}
