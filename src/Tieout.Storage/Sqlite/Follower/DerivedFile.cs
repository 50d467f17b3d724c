using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Rows;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>The file beside the ledger's with what the follower counted. All of it follows from the ledger, so a file that is missing, damaged or of another
/// program is made anew. It has a log and a lock of its own, so that the follower never holds up the writer. One thread at a time.</summary>
internal sealed class DerivedFile : IDerivedTables, IDisposable
{
    private readonly RawConnection _connection;
    private readonly SqliteTables _tables;
    private readonly RowInsert<RecountTable, RecountLine> _line;
    private readonly RowInsert<StatusTable, StatusLine> _status;
    private readonly RowInsert<MonthTable, MonthLine> _month;
    private readonly RowInsert<HourRowsTable, HourRows> _hour;
    private readonly RowInsert<IdRunTable, IdRun> _run;
    private readonly RowInsert<IdBlockTable, IdRunBlock> _block;
    private readonly RowInsert<UsageSketchTable, UsageSketch> _sketch;
    private readonly RowInsert<ToolHourTable, ToolHour> _tools;
    private readonly RowInsert<ClassCostTable, ClassCosts> _costs;
    private readonly RawStatement _position;

    private DerivedFile(RawConnection connection)
    {
        _connection = connection;
        _tables = new(connection);
        _line = new(connection, AddedColumns<RecountTable, RecountLine>.OnConflict(AddingSql.Sqlite));
        _status = new(connection, AddedColumns<StatusTable, StatusLine>.OnConflict(AddingSql.Sqlite));
        _month = new(connection, AddedColumns<MonthTable, MonthLine>.OnConflict(AddingSql.Sqlite));
        _hour = new(connection, AddedColumns<HourRowsTable, HourRows>.OnConflict(AddingSql.Sqlite));
        (_run, _block) = (new(connection), new(connection));
        _sketch = new(connection, insert: "INSERT OR REPLACE");
        _tools = new(connection, AddedColumns<ToolHourTable, ToolHour>.OnConflict(AddingSql.Sqlite));
        _costs = new(connection, AddedColumns<ClassCostTable, ClassCosts>.OnConflict(AddingSql.Sqlite));
        _position = connection.Prepare($"INSERT OR REPLACE INTO follower (one, {FollowerPosition.Columns}) VALUES (1, ?, ?, ?, ?, ?)");
    }

    public long FirstOpenHold => 0;

    public int Bucket => 0;

    public static string In(string folder) => Path.Combine(folder, "derived.db");

    /// <summary>Opens the file of a data folder, making it if it is not there. One that cannot be used is made anew.</summary>
    /// <exception cref="StoreUnavailableException">It can neither be opened nor made, as on a full disk.</exception>
    public static DerivedFile Open(string folder)
    {
        try
        {
            return OpenFile(In(folder));
        }
        catch (Exception damaged) when (IsDamage(damaged))
        {
            Delete(folder);
            return OpenFile(In(folder));
        }
    }

    /// <summary>Removes the file. Who has it open reads on in what it was.</summary>
    /// <exception cref="StoreUnavailableException">The operating system refuses.</exception>
    public static void Delete(string folder)
    {
        try
        {
            foreach (var part in (ReadOnlySpan<string>)["", "-wal", "-shm"]) File.Delete(In(folder) + part);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(
                $"The file {In(folder)} is damaged and cannot be deleted: {refused.Message}", StoreEffect.None, StoreFault.NotWritable, refused);
        }
    }

    /// <summary>Whether a failure may come from the bytes or the tables of this file, not from the disk.</summary>
    public static bool IsDamage(Exception failure) => failure is StoreCorruptException or StoreConstraintException || UnreadableRows.Caused(failure);

    /// <summary>Whether the file is there and every page and row of it can be read, by a connection that has none of it in memory.</summary>
    public static bool IsSound(string folder)
    {
        if (!File.Exists(In(folder))) return false;
        try
        {
            using var connection = RawConnection.Open(In(folder), readOnly: true);
            using (var check = connection.Prepare("PRAGMA quick_check(1)"))
            {
                if (!check.Step() || check.Text(0) != "ok") return false;
            }

            var tables = new SqliteTables(connection);
            FollowerPosition.Read(tables);
            Each(tables, LineReads.LineColumns, RecountTable.Name, row => LineReads.Line(row));
            Each(tables, LineReads.StatusColumns, StatusTable.Name, row => LineReads.Status(row));
            Each(tables, LineReads.MonthColumns, MonthTable.Name, row => LineReads.Month(row));
            Each(tables, IndexReads.HourColumns, HourRowsTable.Name, row => IndexReads.Hour(row));
            Each(tables, IndexReads.RunColumns, IdRunTable.Name, row => IndexReads.Run(row));
            Each(tables, IndexReads.BlockColumns, $"{IdBlockTable.Name} b", row => IndexReads.Block(row));
            Each(tables, SketchReads.Columns, UsageSketchTable.Name, row => SketchReads.Sketch(row));
            Each(tables, ToolCallRows.HourColumns, ToolHourTable.Name, row => ToolCallRows.Hour(row));
            Each(tables, ClassCostReading.Columns, ClassCostTable.Name, row => ClassCostReading.Line(row));
            return true;
        }
        catch (Exception damaged) when (IsDamage(damaged))
        {
            return false;
        }
    }

    public void Add(Counted counted, IdRunChange? run, IReadOnlyCollection<UsageSketch> sketches) => InTransaction(() =>
    {
        foreach (var line in counted.Recount.Lines) _line.Write(line);
        foreach (var status in counted.Recount.Statuses) _status.Write(status);
        foreach (var month in counted.Recount.Months) _month.Write(month);
        foreach (var hour in counted.Index.Hours) _hour.Write(hour);
        if (run is not null) Write(run);
        foreach (var sketch in sketches) _sketch.Write(sketch);
        foreach (var hour in counted.Tools.Hours) _tools.Write(hour);
        foreach (var costs in counted.Costs.Lines) _costs.Write(costs);
        var to = counted.To;
        _position.Bind(1, to.Commit);
        _position.BindBlob(2, to.Hash);
        _position.Bind(3, to.Usage);
        _position.Bind(4, to.Posting);
        _position.Bind(5, to.Record);
        _position.Run();
    });

    public void Reset() => InTransaction(() => _connection.Execute(DerivedSchema.Empty));

    public IRows Select(string sql, params ReadOnlySpan<long> values) => _tables.Select(sql, values);

    public string IdOfText(string column) => _tables.IdOfText(column);

    public bool IsUsedElsewhere(Guid attempt) => false;

    public void Dispose()
    {
        foreach (var resource in (ReadOnlySpan<IDisposable>)
            [_line, _status, _month, _hour, _run, _block, _sketch, _tools, _costs, _position, _connection])
        {
            resource.Dispose();
        }
    }

    private void Write(IdRunChange change)
    {
        foreach (var run in change.Absorbed)
        {
            _connection.Execute($"DELETE FROM {IdBlockTable.Name} WHERE run = {run.Last}; DELETE FROM {IdRunTable.Name} WHERE last_usage = {run.Last}");
        }

        _run.Write(change.Run);
        _block.Write(change.Blocks);
    }

    private static void Each(SqliteTables tables, string columns, string table, Action<IRow> read)
    {
        using var rows = tables.Select($"SELECT {columns} FROM {table}");
        while (rows.Step()) read(rows);
    }

    private static DerivedFile OpenFile(string file)
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
