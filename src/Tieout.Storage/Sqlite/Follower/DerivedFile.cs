using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Rows;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>The file beside the ledger's with what the follower counted. All of it follows from the ledger, so a file that is missing, damaged or of another
/// program is made anew. It has a log and a lock of its own, so that the follower never holds up the writer.</summary>
internal sealed class DerivedFile : IDerivedTables, IDisposable
{
    private readonly RawConnection _connection;
    private readonly SqliteTables _tables;
    private readonly RowInsert<RecountTable, RecountLine> _line;
    private readonly RowInsert<StatusTable, StatusLine> _status;
    private readonly RowInsert<MonthTable, MonthLine> _month;
    private readonly RawStatement _position;

    private DerivedFile(RawConnection connection)
    {
        _connection = connection;
        _tables = new(connection);
        _line = new(connection, AddedColumns<RecountTable, RecountLine>.OnConflict(AddingSql.Sqlite));
        _status = new(connection, AddedColumns<StatusTable, StatusLine>.OnConflict(AddingSql.Sqlite));
        _month = new(connection, AddedColumns<MonthTable, MonthLine>.OnConflict(AddingSql.Sqlite));
        _position = connection.Prepare($"INSERT OR REPLACE INTO follower (one, {FollowerPosition.Columns}) VALUES (1, ?, ?, ?, ?)");
    }

    public long FirstOpenHold => 0;

    public int Bucket => 0;

    public static string In(string folder) => Path.Combine(folder, "derived.db");

    /// <returns>Null: it can neither be opened nor made, as on a full disk. The ledger goes on without it.</returns>
    public static DerivedFile? TryOpen(string folder)
    {
        var file = In(folder);
        try
        {
            return Open(file);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
        catch (StoreCorruptException)
        {
            foreach (var part in (ReadOnlySpan<string>)["", "-wal", "-shm"]) File.Delete(file + part);
            return Open(file);
        }
    }

    public void Add(Counted counted) => InTransaction(() =>
    {
        foreach (var line in counted.Recount.Lines) _line.Write(line);
        foreach (var status in counted.Recount.Statuses) _status.Write(status);
        foreach (var month in counted.Recount.Months) _month.Write(month);
        var to = counted.To;
        _position.Bind(1, to.Commit);
        _position.BindBlob(2, to.Hash);
        _position.Bind(3, to.Usage);
        _position.Bind(4, to.Posting);
        _position.Run();
    });

    public void Reset() => InTransaction(() => _connection.Execute(DerivedSchema.Empty));

    public IRows Select(string sql, params ReadOnlySpan<long> values) => _tables.Select(sql, values);

    public string IdOfText(string column) => _tables.IdOfText(column);

    public bool IsUsedElsewhere(Guid attempt) => false;

    public void Dispose()
    {
        foreach (var resource in (ReadOnlySpan<IDisposable>)[_line, _status, _month, _position, _connection]) resource.Dispose();
    }

    private static DerivedFile Open(string file)
    {
        var connection = RawConnection.Open(file);
        try
        {
            // What a power cut takes from the end is counted again.
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
            DerivedSchema.Make(connection);
            return new(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void InTransaction(Action write)
    {
        try
        {
            _connection.Execute("BEGIN IMMEDIATE");
            write();
            _connection.Execute("COMMIT");
        }
        finally
        {
            _connection.RollBack();
        }
    }
}
