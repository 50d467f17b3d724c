using Tieout.Storage.Archive;
using Tieout.Storage.Postgres;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Each table of both stores has the columns of its declaration: the same names, in the same order, of the type, optional or not.</summary>
public sealed class DeclaredTablesTests
{
    private static readonly string Declared = string.Join(
        '\n', ArchiveTable.All.SelectMany(table => table.Columns.Select(column => $"{table.Name}.{column.Name} {column.Type} {column.IsOptional}")));

    [Fact]
    public void L8_the_tables_of_a_file_are_as_declared()
    {
        using var made = RawConnection.Open(RawConnection.InMemory);
        Schema.Migrate(made);
        var found = new List<string>();
        foreach (var table in ArchiveTable.All)
        {
            using var rows = made.Prepare($"SELECT name, type, \"notnull\" OR pk > 0 FROM pragma_table_info('{table.Name}') ORDER BY cid");
            while (rows.Step())
            {
                // An id is a BLOB, as other bytes are.
                var type = rows.Text(1) switch
                {
                    "INTEGER" => ColumnType.Number,
                    "TEXT" => ColumnType.Text,
                    "BLOB" when table.Columns.First(column => column.Name == rows.Text(0)).Type is ColumnType.Id => ColumnType.Id,
                    "BLOB" => ColumnType.Bytes,
                    var other => throw new InvalidOperationException(other),
                };
                found.Add($"{table.Name}.{rows.Text(0)} {type} {rows.Int64(2) == 0}");
            }
        }

        Assert.Equal(Declared, string.Join('\n', found));
    }

    [Fact]
    public async Task L8_the_tables_of_a_database_are_as_declared_behind_their_bucket()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using (await PostgresLedger.OpenAsync(store))
        {
        }

        var order = string.Join(", ", ArchiveTable.All.Select(table => $"'{table.Name}'"));
        var found = PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], $"""
            SELECT string_agg(c.table_name || '.' || c.column_name || ' '
              || CASE c.data_type WHEN 'bigint' THEN 'Number' WHEN 'integer' THEN 'Number' WHEN 'text' THEN 'Text' WHEN 'bytea' THEN 'Bytes' WHEN 'uuid' THEN 'Id' ELSE c.data_type END
              || CASE c.is_nullable WHEN 'YES' THEN ' True' ELSE ' False' END, chr(10) ORDER BY array_position(ARRAY[{order}], c.table_name::text), c.ordinal_position)
            FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name IN ({order}) AND c.column_name <> 'bucket'
            """);
        Assert.Equal(Declared, found);
    }
}
