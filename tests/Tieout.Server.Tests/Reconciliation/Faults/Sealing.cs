using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>Makes CRCs and chain of a changed file whole again, as a writer with a bug would have left them: wrong, and sealed.</summary>
internal static class Sealing
{
    /// <summary>Every CRC, and every link from the first commit on. The derived tables are made to be rebuilt from the rows at the next start.</summary>
    public static void Seal(RawConnection file)
    {
        file.Execute("BEGIN");
        var orgs = Rows(file, "SELECT org FROM settings WHERE kind = 0 ORDER BY seq", s => s.Text(0));
        var readers = new RowReads.Readers(_ => LabelsTable.Blank.Labels, account => orgs[(account - 1) / OrgState.AccountKinds]);
        using var bytes = new RowBytes();
        var tables = ChainedTables.Each(new Seals(file, readers, bytes));
        var previous = new byte[32];
        foreach (var commit in Rows(file, $"SELECT {RowReads.ChainColumns} FROM chain ORDER BY commit_no", s => RowReads.Chain(s, [])))
        {
            bytes.Begin(previous, commit.Commit, commit.RecordedAt);
            foreach (var seal in tables) seal(commit.Last);
            previous = bytes.End();
            file.Execute($"UPDATE chain SET hash = x'{Convert.ToHexString(previous)}' WHERE commit_no = {commit.Commit}");
        }

        file.Execute(
            "DELETE FROM accounts; DELETE FROM windows; DELETE FROM cells; UPDATE checkpoint SET commit_no = 0, posting = 0, first_open_hold = 1; COMMIT");
    }

    public static List<T> Rows<T>(RawConnection file, string sql, Func<IRow, T> read)
    {
        using var s = file.Prepare(sql);
        var rows = new List<T>();
        while (s.Step()) rows.Add(read(s));
        return rows;
    }

    /// <summary>Writes the CRCs of the rows of one table, commit by commit.</summary>
    private sealed class Seals(RawConnection file, RowReads.Readers readers, RowBytes bytes) : IChainedTableVisitor<Action<Sequences>>
    {
        public Action<Sequences> Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow
        {
            var (read, number) = (readers.Of<TRow>(), TableRows.Number<TTable, TRow>());
            var rows = Rows(
                file, $"SELECT {TableColumns<TTable, TRow>.Names}, {number} FROM {TTable.Name} ORDER BY {TTable.Key}, {number}",
                s => (Row: read(s), Number: s.Int64(TableColumns<TTable, TRow>.All.Count)));
            var next = 0;
            return last =>
            {
                for (; next < rows.Count && TTable.Number(rows[next].Row) <= TTable.LastIn(last); next++)
                {
                    file.Execute($"UPDATE {TTable.Name} SET crc = {bytes.Add<TTable, TRow>(rows[next].Row)} WHERE {number} = {rows[next].Number}");
                }
            };
        }
    }
}
