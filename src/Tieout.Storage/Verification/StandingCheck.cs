using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Verification;

/// <summary>Stored accounts, windows and cells against what the rows come to.</summary>
internal static class StandingCheck
{
    public static void Run(ILedgerTables tables, Standing standing, Findings findings)
    {
        CheckAccounts(tables, standing, findings);
        CheckWindows(tables, standing, findings);
        CheckCells(tables, standing, findings);
    }

    private static void CheckAccounts(ILedgerTables tables, Standing standing, Findings findings)
    {
        var expected = new Dictionary<int, Account>(standing.Again.Accounts);
        using var s = tables.Select("SELECT no, org, debits, credits, held, version, grants FROM accounts");
        while (s.Step())
        {
            var no = RowReads.Int32(s, 0);
            if (!expected.Remove(no, out var account)) account = standing.Book.Accounts.GetValueOrDefault(no);
            var balance = s.Amount(3) - s.Amount(2);
            findings.Check(
                "L4", account is not null && (account.Debits, account.Credits, account.Version) == (s.Amount(2), s.Amount(3), s.Int64(5))
                    && account.Grants.SequenceEqual(CheckpointTables.ReadGrants(s.Text(6))),
                $"accounts {no} ({s.Text(1)}): balance {balance}, its entries come to {account?.Balance}.");
            findings.Check("L5", account?.Held == s.Amount(4), $"accounts {no} ({s.Text(1)}): {s.Amount(4)} held, its open holds come to {account?.Held}.");
        }

        // A hold that came and went leaves an account that nothing was ever posted to.
        foreach (var account in expected.Values)
        {
            findings.Check("L4", account.Version == 0 && account.Held == Amount.Zero,
                $"accounts {account.No} ({account.Org}) is missing; its entries come to {account.Balance}.");
        }
    }

    private static void CheckWindows(ILedgerTables tables, Standing standing, Findings findings)
    {
        var expected = new Dictionary<WindowKey, BudgetWindow>(standing.Again.Windows);
        using var s = tables.Select($"SELECT {RowReads.WindowColumns} FROM windows");
        while (s.Step())
        {
            var stored = RowReads.Window(s);
            expected.Remove(stored.Key, out var window);
            findings.Check(
                "B2", (window?.Posted ?? Amount.Zero, window?.Held ?? Amount.Zero) == (stored.Posted, stored.Held),
                $"windows {stored.Key}: {stored.Posted} posted and {stored.Held} held, the charges and holds in it come to {window?.Posted} and {window?.Held}.");
        }

        foreach (var window in expected.Values)
        {
            findings.Check("B2", window.Committed == Amount.Zero, $"windows {window.Key} is missing; the charges in it come to {window.Posted}.");
        }
    }

    private static void CheckCells(ILedgerTables tables, Standing standing, Findings findings)
    {
        var expected = new Dictionary<CellKey, CellChange>(standing.Again.Cells);
        using var s = tables.Select($"SELECT {CellFigures.Names} FROM cells");
        Span<Int128> stored = stackalloc Int128[CellChange.FigureNames.Length];
        while (s.Step())
        {
            var key = new CellKey(s.Int64(0), RowReads.Int32(s, 1));
            expected.Remove(key, out var cell);
            cell ??= new(key);
            for (var i = 0; i < stored.Length; i++) stored[i] = s.Int128(i + 2);
            var flaw = cell.Differs(stored);
            findings.Check("cells", flaw is null, $"{Name(key)} has {flaw}.");
        }

        foreach (var cell in expected.Values) findings.Broken("cells", $"{Name(cell.Key)} is missing; its rows come to {cell.Charge}.");
    }

    private static string Name(CellKey key) => $"the cell of {new Instant(key.Hour * Instant.MicrosPerHour)}, attribution {key.Labels},";
}
