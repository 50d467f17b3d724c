using Tieout.Core.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>The tables of a file as of one commit, however long they are read: no snapshot of the file is held, so its log can be copied back
/// meanwhile.</summary>
/// <remarks>Rows are only added, so each statement ends at the row that was the last of its table. Tables whose rows change are copied. Statements need not
/// know: temporary views and tables have the names of the tables.</remarks>
internal sealed class SqliteAsOf : ILedgerTables
{
    private static readonly string[] Changing = [AccountsTable.Name, WindowsTable.Name, "cells", "checkpoint"];

    private readonly string _file;
    private readonly RawConnection _connection;
    private readonly SqliteTables _tables;
    private readonly string _views;
    private readonly bool _isMapped;

    /// <param name="connection">In no transaction. For short readings.</param>
    /// <param name="withFigures">False: only rows are read; accounts, windows, cells and checkpoint are not.</param>
    /// <param name="isMapped">Long readings are of mapped pages: see <see cref="MappedFile"/>.</param>
    public SqliteAsOf(string file, RawConnection connection, bool withFigures = true, bool isMapped = false)
    {
        (_file, _connection, _tables, _isMapped) = (file, connection, new(connection), isMapped);
        connection.Execute("BEGIN");
        _views = string.Join(";\n", ArchiveTable.All.Select(table =>
            $"CREATE TEMP VIEW {table.Name} AS SELECT * FROM main.{table.Name} WHERE {table.Key} <= {Last(table)}"));
        if (withFigures) Copy(connection, Changing);
        connection.Execute("COMMIT");
        connection.Execute(_views);
    }

    /// <summary>The commit that the stored figures are as of.</summary>
    public long Checkpoint => _connection.ReadInt64("SELECT commit_no FROM checkpoint");

    public long FirstOpenHold => _tables.FirstOpenHold;

    public int Bucket => _tables.Bucket;

    public Detachment? Detached => _tables.Detached;

    /// <summary>Copies small tables, which from then on are read in the place of those in the file.</summary>
    private static void Copy(RawConnection connection, params ReadOnlySpan<string> tables)
    {
        foreach (var table in tables)
        {
            try
            {
                connection.Execute($"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table}");
            }
            catch (StoreCorruptException)
            {
                // The check that reads the table reports the damage.
            }
        }
    }

    public string IdOfText(string column) => _tables.IdOfText(column);

    public bool IsUsedElsewhere(Guid attempt) => _tables.IsUsedElsewhere(attempt);

    public IRows Select(string sql, params ReadOnlySpan<long> values) => _tables.Select(sql, values);

    public void Usage(string columns, ReadOnlySpan<long> numbers, long recordedFrom, bool oldestFirst, Action<IRow> take) =>
        _tables.Usage(columns, numbers, recordedFrom, oldestFirst, take);

    public IRowPages Pages(OrderedRows rows)
    {
        var isShort = _connection.ReadInt64($"SELECT coalesce(max({rows.Key}), 0) FROM {rows.Table}") <= SqlitePages.PageRows;
        return isShort ? new SqlitePages(_connection, rows, isAlone: false) : new SqlitePages(Alone(), rows, isAlone: true);
    }

    public IRows Rows(OrderedRows rows) => new SqliteRows(Alone(), rows);

    /// <summary>Another connection that shows the same rows.</summary>
    private RawConnection Alone()
    {
        var connection = RawConnection.Open(_file, readOnly: true);
        if (_isMapped) MappedFile.Map(connection);
        connection.Execute(_views);
        return connection;
    }

    private long Last(ArchiveTable table) => _connection.ReadInt64($"SELECT coalesce(max({table.Key}), 0) FROM main.{table.Name}");
}
