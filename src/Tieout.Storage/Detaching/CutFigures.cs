using Tieout.Core.Ledger;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>Computes from rows alone what the rows up to a commit come to, and stores it.</summary>
internal static class CutFigures
{
    /// <summary>Reads every row of the ledger on the way, and checks it.</summary>
    /// <exception cref="StoreCorruptException">A row contradicts others, or is not as it was written.</exception>
    public static FiguresAtCut Compute(ILedgerTables tables, long cut)
    {
        var findings = new Findings(Findings.Ledger);
        var standing = new Standing(tables, findings);
        var after = tables.Detached is { } detached ? DetachedCheck.Begin(tables, detached, standing, findings) : null;
        FiguresAtCut? figures = null;
        using (var chain = new ChainCheck(tables, standing, findings, after))
        {
            chain.Run(commit =>
            {
                if (commit.Commit == cut) figures = Copy(standing.Again);
            });
        }

        standing.Finish();
        if (findings.Report.Checks.FirstOrDefault(check => check.Broken > 0) is { } broken)
        {
            throw new StoreCorruptException($"{broken.Id}: {broken.Rows[0]} Run tieout verify.");
        }

        return figures ?? throw new StoreCorruptException($"Commit {cut} is missing from the chain.");
    }

    /// <summary>In the transaction of the caller.</summary>
    public static void Write(RawConnection connection, long cut, FiguresAtCut figures)
    {
        foreach (var (table, _, _) in FiguresAtCut.Tables) connection.Execute($"DELETE FROM {table} WHERE cut = {cut}");
        using var account = Insert(connection, 0);
        foreach (var row in figures.Accounts)
        {
            account.Bind(1, cut);
            account.Bind(2, (long)row.No);
            account.Bind(3, row.Debits);
            account.Bind(4, row.Credits);
            account.Bind(5, row.Held);
            account.Bind(6, row.Version);
            account.Bind(7, CheckpointTables.WriteGrants(row));
            account.Run();
        }

        using var window = Insert(connection, 1);
        foreach (var row in figures.Windows)
        {
            window.Bind(1, cut);
            window.Bind(2, (long)row.Key.Budget);
            window.Bind(3, row.Key.Start.UnixMicros);
            window.Bind(4, row.Key.Each ?? "");
            window.Bind(5, row.End.UnixMicros);
            window.Bind(6, row.Posted);
            window.Bind(7, row.Held);
            window.Bind(8, (long)row.LastAlertedPercent);
            window.Run();
        }

        using var cell = Insert(connection, 2);
        foreach (var row in figures.Cells)
        {
            cell.Bind(1, cut);
            cell.Bind(2, row.Key.Hour);
            cell.Bind(3, (long)row.Key.Labels);
            var sums = row.Figures;
            for (var i = 0; i < sums.Length; i++) cell.Bind(i + 4, sums[i]);
            cell.Run();
        }
    }

    private static FiguresAtCut Copy(Recomputation sums) => new(
        [.. sums.Accounts.Values.Select(account => account.Copy())], [.. sums.Windows.Values.Select(window => window.Copy())],
        [.. sums.Cells.Values.Select(cell => cell.Plus(new(cell.Key)))]);

    private static RawStatement Insert(RawConnection connection, int table)
    {
        var columns = FiguresAtCut.Tables[table].Columns;
        return connection.Prepare(
            $"INSERT INTO {FiguresAtCut.Tables[table].Table} (cut, {string.Join(", ", columns.Select(column => column.Name))}) "
            + $"VALUES (?{string.Concat(columns.Select(_ => ", ?"))})");
    }
}
