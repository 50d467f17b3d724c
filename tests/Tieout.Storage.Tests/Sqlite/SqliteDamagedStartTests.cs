using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Tests.Contract;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>An embedded ledger whose rows are damaged one by one.</summary>
public sealed class SqliteDamagedStartTests : DamagedStartContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal override int Stride => 9;

    private string Database => _folder.File("tieout.db");

    private string Kept => _folder.File("kept");

    public void Dispose() => _folder.Dispose();

    internal override ILedger Open() => SqliteLedger.Open(_folder.Path, Clock);

    internal override void AssertVerified() => Verified.Clean(_folder.Path);

    internal override IReadOnlyList<(string Table, string Column)> Columns()
    {
        using var file = RawConnection.Open(Database);
        using var s = file.Prepare(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name <> 'schema_version' ORDER BY 1, c.cid");
        var columns = new List<(string, string)>();
        while (s.Step()) columns.Add((s.Text(0), s.Text(1)));
        return columns;
    }

    internal override bool TryDamage(string table, string column, string value, bool first)
    {
        File.Copy(Database, Kept, overwrite: true);
        try
        {
            using var file = RawConnection.Open(Database);
            file.Execute(
                $"PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; UPDATE {table} SET {column} = {value} WHERE {column} IS NOT {value}{WhichRow(file, table, first)}");
            return file.ReadInt64("SELECT changes()") > 0;
        }
        catch (Exception refused) when (refused is StoreUnavailableException or StoreCorruptException or StoreConstraintException or InvalidOperationException)
        {
            return false;
        }
    }

    internal override void Restore(string table)
    {
        foreach (var beside in (string[])["-wal", "-shm"]) File.Delete(Database + beside);
        File.Move(Kept, Database, overwrite: true);
    }

    /// <summary>Tables without row numbers have one row in this test.</summary>
    private static string WhichRow(RawConnection file, string table, bool first) =>
        file.ReadInt64($"SELECT count(*) FROM pragma_table_list WHERE name = '{table}' AND wr") > 0
            ? "" : $" AND rowid = (SELECT {(first ? "min" : "max")}(rowid) FROM {table})";
}
