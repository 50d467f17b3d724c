using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Archive;
using Tieout.Storage.Postgres;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Follower;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Each table of both stores has the columns of its declaration: the same names, in the same order, of the type, optional or not.</summary>
public sealed class DeclaredTablesTests
{
    private static readonly (string Name, IReadOnlyList<TableColumn> Columns)[] Ledger = [.. ArchiveTable.All.Select(table => (table.Name, table.Columns))];

    private static readonly (string Name, IReadOnlyList<TableColumn> Columns)[] Derived =
    [
        (RecountTable.Name, TableColumns<RecountTable, RecountLine>.All), (StatusTable.Name, TableColumns<StatusTable, StatusLine>.All),
        (MonthTable.Name, TableColumns<MonthTable, MonthLine>.All), (HourRowsTable.Name, TableColumns<HourRowsTable, HourRows>.All),
        (IdRunTable.Name, TableColumns<IdRunTable, IdRun>.All), (IdBlockTable.Name, TableColumns<IdBlockTable, IdRunBlock>.All),
        (UsageSketchTable.Name, TableColumns<UsageSketchTable, UsageSketch>.All), (ToolHourTable.Name, TableColumns<ToolHourTable, ToolHour>.All),
        (ClassCostTable.Name, TableColumns<ClassCostTable, ClassCosts>.All),
    ];

    [Fact]
    public void L8_the_tables_of_a_file_are_as_declared()
    {
        using var made = RawConnection.Open(RawConnection.InMemory);
        Schema.Migrate(made);
        Assert.Equal(Declared(Ledger), InFile(made, Ledger));
    }

    [Fact]
    public void The_tables_of_a_derived_file_are_as_declared()
    {
        using var made = RawConnection.Open(RawConnection.InMemory);
        DerivedSchema.Make(made);
        Assert.Equal(Declared(Derived), InFile(made, Derived));
    }

    [Fact]
    public async Task L8_the_tables_of_a_database_are_as_declared_behind_their_bucket()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using (await PostgresLedger.OpenAsync(store))
        {
        }

        var tables = Ledger.Concat(Derived).ToArray();
        var order = string.Join(", ", tables.Select(table => $"'{table.Name}'"));
        var found = PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], $"""
            SELECT string_agg(c.table_name || '.' || c.column_name || ' '
              || CASE c.data_type WHEN 'bigint' THEN 'Number' WHEN 'integer' THEN 'Number' WHEN 'numeric' THEN 'Sum' WHEN 'text' THEN 'Text' WHEN 'bytea' THEN 'Bytes'
                 WHEN 'uuid' THEN 'Id' ELSE c.data_type END
              || CASE c.is_nullable WHEN 'YES' THEN ' True' ELSE ' False' END, chr(10) ORDER BY array_position(ARRAY[{order}], c.table_name::text), c.ordinal_position)
            FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name IN ({order}) AND c.column_name <> 'bucket'
            """);
        Assert.Equal(Declared(tables), found);
    }

    private static string Declared((string Name, IReadOnlyList<TableColumn> Columns)[] tables) => string.Join(
        '\n', tables.SelectMany(table => table.Columns.Select(column => $"{table.Name}.{column.Name} {column.Type} {column.IsOptional}")));

    private static string InFile(RawConnection file, (string Name, IReadOnlyList<TableColumn> Columns)[] tables)
    {
        var found = new List<string>();
        foreach (var table in tables)
        {
            using var rows = file.Prepare($"SELECT name, type, \"notnull\" OR pk > 0 FROM pragma_table_info('{table.Name}') ORDER BY cid");
            while (rows.Step())
            {
                // An id is a BLOB, as other bytes are; a sum is a number, or its digits where it is too large for one.
                var type = rows.Text(1) switch
                {
                    "INTEGER" => ColumnType.Number,
                    "ANY" => ColumnType.Sum,
                    "TEXT" => ColumnType.Text,
                    "BLOB" when table.Columns.First(column => column.Name == rows.Text(0)).Type is ColumnType.Id => ColumnType.Id,
                    "BLOB" => ColumnType.Bytes,
                    var other => throw new InvalidOperationException(other),
                };
                found.Add($"{table.Name}.{rows.Text(0)} {type} {rows.Int64(2) == 0}");
            }
        }

        return string.Join('\n', found);
    }
}
