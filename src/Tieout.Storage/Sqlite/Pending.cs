using Tieout.Core.Budgets;
using Tieout.Core.Ledger;

namespace Tieout.Storage.Sqlite;

/// <summary>What is durable in rows but not yet in the checkpoint tables: accounts and windows as they stand, cells as what is to be added.</summary>
/// <remarks>Belongs to whoever commits; fed only with what is durable, so a failed commit leaves no trace in it.</remarks>
internal sealed class Pending
{
    public Dictionary<int, Account> Accounts { get; } = [];
    public Dictionary<WindowKey, BudgetWindow> Windows { get; } = [];
    public Dictionary<CellKey, CellChange> Cells { get; } = [];

    /// <summary>Where the rows end that this covers.</summary>
    public Sequences Last { get; private set; }

    /// <summary>Postings since the last flush: what a start would have to replay.</summary>
    public long Postings { get; private set; }

    public bool IsEmpty => Accounts.Count + Windows.Count + Cells.Count == 0;

    public void Begin(Sequences last) => Last = last;

    public void Add(WriteSet writes)
    {
        Postings += writes.Postings.Count;
        Last = writes.Chain.Last;
        foreach (var account in writes.Accounts) Accounts[account.No] = account;
        foreach (var window in writes.Windows) Windows[window.Key] = window;
        foreach (var cell in writes.Cells) Add(cell);
    }

    public void Add(Recomputation recomputed, long postings)
    {
        Postings += postings;
        foreach (var (no, account) in recomputed.Accounts) Accounts[no] = account;
        foreach (var (key, window) in recomputed.Windows) Windows[key] = window;
        foreach (var cell in recomputed.Cells.Values) Add(cell);
    }

    public void Clear()
    {
        Accounts.Clear();
        Windows.Clear();
        Cells.Clear();
        Postings = 0;
    }

    private void Add(CellChange change)
    {
        if (!Cells.TryGetValue(change.Key, out var cell)) Cells[change.Key] = cell = new(change.Key);
        cell.Add(change);
    }
}
