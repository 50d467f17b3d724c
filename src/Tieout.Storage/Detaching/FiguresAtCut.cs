using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>Accounts, windows and cells as of the last commit whose rows are detached: what the rows that are gone came to.</summary>
internal sealed record FiguresAtCut(IReadOnlyList<Account> Accounts, IReadOnlyList<BudgetWindow> Windows, IReadOnlyList<CellChange> Cells)
{
    /// <summary>The tables in the order in which their rows are hashed, with their columns and the order of their rows.</summary>
    public static IReadOnlyList<(string Table, IReadOnlyList<TableColumn> Columns, string Order)> Tables { get; } =
    [
        ("detached_accounts", TableColumns<AccountFiguresTable, Account>.All, "no"), ("detached_windows", TableColumns<WindowsTable, BudgetWindow>.All, "budget, start_at, each"),
        ("detached_cells", TableColumns<CellsTable, CellChange>.All, "hour, attribution"),
    ];

    /// <param name="book">Has the accounts.</param>
    public static FiguresAtCut Read(ILedgerTables tables, long cut, Book book)
    {
        var (accounts, windows, cells) = (new List<Account>(), new List<BudgetWindow>(), new List<CellChange>());
        using (var rows = Select(tables, 0, cut))
        {
            while (rows.Step())
            {
                var account = book.Account(RowReads.Int32(rows, 0)).Copy();
                IRow row = rows;
                (account.Debits, account.Credits, account.Held, account.Version) = (row.Amount(1), row.Amount(2), row.Amount(3), row.Int64(4));
                account.Grants = [.. CheckpointTables.ReadGrants(row.Text(5))];
                accounts.Add(account);
            }
        }

        using (var rows = Select(tables, 1, cut))
        {
            while (rows.Step()) windows.Add(RowReads.Window(rows));
        }

        using (var rows = Select(tables, 2, cut))
        {
            var figures = new Int128[CellChange.FigureNames.Length];
            while (rows.Step())
            {
                for (var i = 0; i < figures.Length; i++) figures[i] = rows.Int128(i + 2);
                cells.Add(CellChange.Of(new(rows.Int64(0), RowReads.Int32(rows, 1)), figures));
            }
        }

        return new(accounts, windows, cells);
    }

    /// <summary>The SHA-256 of what is stored of a cut.</summary>
    public static string Digest(ILedgerTables tables, long cut)
    {
        using var digest = new RowDigest();
        for (var i = 0; i < Tables.Count; i++)
        {
            using var rows = Select(tables, i, cut);
            digest.Add(rows, Tables[i].Table, Tables[i].Columns);
        }

        return digest.End();
    }

    private static IRows Select(ILedgerTables tables, int table, long cut) => tables.Select(
        $"SELECT {string.Join(", ", Tables[table].Columns.Select(column => column.Name))} FROM {Tables[table].Table} WHERE cut = ? ORDER BY {Tables[table].Order}",
        cut);
}
