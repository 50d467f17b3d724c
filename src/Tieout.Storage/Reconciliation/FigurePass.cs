using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Accounts, windows and cells: as stored at one commit and as shown at another, against what the rows up to each come to.</summary>
internal sealed class FigurePass(ILedgerTables tables, BookLabels labels, Recomputation sums)
{
    private readonly Dictionary<int, (Account? Stored, Account Expected, SumsEnd At, (Account, Account)? Shown)> _accounts = [];
    private readonly Dictionary<WindowKey, (BudgetWindow? Stored, BudgetWindow Expected, SumsEnd At, (BudgetWindow, BudgetWindow)? Shown)> _windows = [];
    private readonly List<Finding> _cells = [];
    private bool _comparedShown;
    private SumsEnd _at;
    private (long Commit, Recomputation Held)? _held;

    public long Checked { get; private set; }

    public IEnumerable<Finding> Findings
    {
        get
        {
            foreach (var (stored, expected, at, shown) in _accounts.Values)
            {
                if (FigureRules.Account(stored, expected, shown, at) is { } finding) yield return finding;
            }

            var budgets = labels.Book.Budgets.All.ToDictionary(budget => budget.No);
            foreach (var (stored, expected, at, shown) in _windows.Values)
            {
                if (!budgets.TryGetValue(expected.Key.Budget, out var budget)) continue;
                if (FigureRules.Window(budget, labels.Book.Org(budget.Budget.Scope.Org)!, stored, expected, shown, at) is { } finding) yield return finding;
            }

            foreach (var finding in _cells) yield return finding;
        }
    }

    /// <param name="commit">What the tables are as of; the sums are at its last posting.</param>
    public void Stored(ChainRow commit)
    {
        _at = new(tables.Bucket, commit.Last.Posting);
        var held = Held(commit, tables.FirstOpenHold);
        var accounts = Expected(held);
        Each("SELECT no, org, debits, credits, held, version, grants FROM accounts", s =>
        {
            var no = RowReads.Int32(s, 0);
            if (!labels.Book.Accounts.TryGetValue(no, out var known)) return;
            var stored = known.Copy();
            (stored.Debits, stored.Credits, stored.Held, stored.Version, stored.Grants) = (s.Amount(2), s.Amount(3), s.Amount(4), s.Int64(5),
                [.. CheckpointTables.ReadGrants(s.Text(6))]);
            accounts.Remove(no, out var expected);
            Compare(stored, expected ?? known.Copy());
        });
        foreach (var expected in accounts.Values.Where(account => account.Version > 0 || account.Held != Amount.Zero)) Compare(null, expected);

        var windows = ExpectedWindows(held);
        Each($"SELECT {RowReads.WindowColumns} FROM windows", s =>
        {
            var stored = RowReads.Window(s);
            windows.Remove(stored.Key, out var expected);
            Compare(stored, expected ?? new BudgetWindow(stored.Key, stored.End));
        });
        foreach (var expected in windows.Values.Where(window => window.Committed != Amount.Zero)) Compare(null, expected);
        Cells();
    }

    /// <param name="shown">Figures in memory; the sums are at the last posting of their commit.</param>
    public void Shown(ShownFigures shown, ChainRow commit)
    {
        if (_comparedShown) return;
        _comparedShown = true;
        _at = new(tables.Bucket, commit.Last.Posting);
        var held = Held(commit, Math.Min(tables.FirstOpenHold, shown.FirstOpenHold));
        var accounts = Expected(held);
        foreach (var account in shown.Accounts)
        {
            if (!accounts.TryGetValue(account.No, out var expected)) expected = labels.Book.Account(account.No).Copy();
            Checked++;
            if (FigureRules.Account(account, expected, null, _at) is null && !_accounts.ContainsKey(account.No)) continue;
            var (stored, storedExpected, at, _) = _accounts.GetValueOrDefault(account.No, (expected, expected, _at, null));
            _accounts[account.No] = (stored, storedExpected, at, (account, expected));
        }

        var windows = ExpectedWindows(held);
        foreach (var window in shown.Windows)
        {
            if (!windows.TryGetValue(window.Key, out var expected)) expected = new(window.Key, window.End);
            Checked++;
            if ((window.Posted, window.Held) == (expected.Posted, expected.Held) && !_windows.ContainsKey(window.Key)) continue;
            // The sums go on; what they are now stays.
            expected = expected.Copy();
            var (stored, storedExpected, at, _) = _windows.GetValueOrDefault(window.Key, (expected, expected, _at, null));
            _windows[window.Key] = (stored, storedExpected, at, (window, expected));
        }
    }

    private void Compare(Account? stored, Account expected)
    {
        Checked++;
        if (FigureRules.Account(stored, expected, null, _at) is null) return;
        _accounts[expected.No] = (stored, expected, _at, _accounts.GetValueOrDefault(expected.No).Shown);
    }

    private void Compare(BudgetWindow? stored, BudgetWindow expected)
    {
        Checked++;
        if ((stored?.Posted ?? Amount.Zero, stored?.Held ?? Amount.Zero) == (expected.Posted, expected.Held)) return;
        _windows[expected.Key] = (stored, expected.Copy(), _at, _windows.GetValueOrDefault(expected.Key).Shown);
    }

    private void Cells()
    {
        var expected = new HashSet<CellKey>(sums.Cells.Keys);
        Span<Int128> stored = stackalloc Int128[CellChange.FigureNames.Length];
        using var s = tables.Select($"SELECT {CellFigures.Names} FROM cells");
        while (s.Step())
        {
            var key = new CellKey(s.Int64(0), RowReads.Int32(s, 1));
            for (var i = 0; i < stored.Length; i++) stored[i] = s.Int128(i + 2);
            expected.Remove(key);
            Cell(key, stored);
        }

        foreach (var key in expected) Cell(key, new Int128[CellChange.FigureNames.Length]);
    }

    private void Cell(CellKey key, ReadOnlySpan<Int128> stored)
    {
        Checked++;
        var expected = sums.Cells.TryGetValue(key, out var cell) ? cell : new CellChange(key);
        if (expected.Differs(stored) is not null && FigureRules.Cell(key, stored, expected.Plus(new(key)), labels.Find(key.Labels), _at) is { } finding)
        {
            _cells.Add(finding);
        }
    }

    private Dictionary<int, Account> Expected(Recomputation held)
    {
        var accounts = sums.Accounts.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        foreach (var (no, account) in held.Accounts)
        {
            if (!accounts.TryGetValue(no, out var known)) accounts[no] = account.Copy();
            else known.Held = account.Held;
        }

        return accounts;
    }

    private Dictionary<WindowKey, BudgetWindow> ExpectedWindows(Recomputation held)
    {
        var windows = new Dictionary<WindowKey, BudgetWindow>(sums.Windows);
        foreach (var (key, window) in held.Windows)
        {
            var with = windows.TryGetValue(key, out var known) ? known.Copy() : window.Copy();
            with.Held = window.Held;
            windows[key] = with;
        }

        return windows;
    }

    /// <summary>What was held at a commit.</summary>
    /// <param name="firstOpen">No hold before it was open then.</param>
    private Recomputation Held(ChainRow commit, long firstOpen)
    {
        if (_held is { } known && known.Commit == commit.Commit) return known.Held;
        var held = new Recomputation(labels.Book);
        using var s = tables.Select(
            $"SELECT {RowReads.HoldColumns} FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq "
            + "WHERE h.seq >= ? AND h.seq <= ? AND (e.hold IS NULL OR e.commit_no > ?) ORDER BY h.seq",
            firstOpen, commit.Last.Hold, commit.Commit);
        while (s.Step()) held.Add(RowReads.Hold(s, no => labels[no]).Hold);
        _held = (commit.Commit, held);
        return held;
    }

    private void Each(string sql, Action<IRow> take)
    {
        using var rows = tables.Select(sql);
        while (rows.Step()) take(rows);
    }
}
