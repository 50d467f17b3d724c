using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>The tables of the derived file, from their declarations. It is not migrated: a file of another schema is emptied and counted anew.</summary>
internal static class DerivedSchema
{
    private const string Position =
        "CREATE TABLE follower (one INTEGER PRIMARY KEY CHECK (one = 1), commit_no INTEGER NOT NULL, hash BLOB NOT NULL, last_usage INTEGER NOT NULL, "
        + "last_posting INTEGER NOT NULL, last_record INTEGER NOT NULL) STRICT";

    private static readonly (string Name, string Sql)[] Tables =
    [
        ("follower", Position), Table<RecountTable, RecountLine>(), Table<StatusTable, StatusLine>(), Table<MonthTable, MonthLine>(),
        Table<HourRowsTable, HourRows>(), Table<IdRunTable, IdRun>("PRIMARY KEY (last_usage)", "WITHOUT ROWID, STRICT"),
        Table<UsageSketchTable, UsageSketch>($"PRIMARY KEY ({UsageSketchTable.Key})", "WITHOUT ROWID, STRICT"), Table<ToolHourTable, ToolHour>(),
        Table<ClassCostTable, ClassCosts>(),

        // Not in the order of a key, so that a block lies in its page whole.
        Table<IdBlockTable, IdRunBlock>("PRIMARY KEY (run, id_key, seq)", "STRICT"),
    ];

    /// <summary>Takes out everything that was counted.</summary>
    public static string Empty { get; } = string.Join("; ", Tables.Select(table => $"DELETE FROM {table.Name}"));

    private static int Version { get; } =
        BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Tables.Select(table => table.Sql))))) & int.MaxValue;

    public static void Make(RawConnection connection)
    {
        if (connection.ReadInt64("PRAGMA user_version") == Version) return;
        var old = new List<string>();
        using (var names = connection.Prepare("SELECT name FROM sqlite_schema WHERE type = 'table'"))
        {
            while (names.Step()) old.Add(names.Text(0));
        }

        var steps = old.Select(name => $"DROP TABLE {name}").Concat(Tables.Select(table => table.Sql)).Append($"PRAGMA user_version = {Version}");
        connection.Execute($"BEGIN IMMEDIATE; {string.Join("; ", steps)}; COMMIT");
    }

    private static (string Name, string Sql) Table<TTable, TRow>()
        where TTable : struct, IAddedTable<TRow> =>
        Table<TTable, TRow>($"PRIMARY KEY ({string.Join(", ", AddedColumns<TTable, TRow>.Key.Select(column => column.Name))})", "WITHOUT ROWID, STRICT");

    private static (string Name, string Sql) Table<TTable, TRow>(string key, string options)
        where TTable : struct, ITable<TRow> =>
        (TTable.Name, $"CREATE TABLE {TTable.Name} ({string.Join(", ", TableColumns<TTable, TRow>.All.Select(Column))}, {key}) {options}");

    private static string Column(TableColumn column) => $"{column.Name} {TypeOf(column)} NOT NULL";

    private static string TypeOf(TableColumn column) => column.Type switch
    {
        // An integer where 64 bits suffice, else its digits as text.
        ColumnType.Sum => "ANY",
        ColumnType.Bytes => "BLOB",
        ColumnType.Text => "TEXT",
        _ => "INTEGER",
    };
}
