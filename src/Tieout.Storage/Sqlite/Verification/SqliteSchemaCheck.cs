using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>The tables, indexes, triggers and views of a file against those that the migrations make: a trigger that was planted or a unique index that was
/// dropped changes no row yet.</summary>
internal static class SqliteSchemaCheck
{
    private const string Objects = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name";

    public static void Run(RawConnection connection, Findings findings)
    {
        using var made = RawConnection.Open(RawConnection.InMemory);
        Schema.Migrate(made);
        SchemaDifference.Report(Read(made), Read(connection), findings);
    }

    private static Dictionary<string, string> Read(RawConnection connection)
    {
        var objects = new Dictionary<string, string>(StringComparer.Ordinal);
        using var rows = connection.Prepare(Objects);
        while (rows.Step()) objects[$"{rows.Text(0)} {rows.Text(1)}"] = rows.Text(2) ?? "";
        return objects;
    }
}
