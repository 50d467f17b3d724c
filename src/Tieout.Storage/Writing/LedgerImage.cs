using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Storage.Writing;

/// <summary>The ledger as of one commit, for readers: everything in it is durable. Read under <see cref="LedgerPipeline.Read{T}"/> only.</summary>
/// <remarks>Accounts, windows, holds and budgets are immutable once here, so they may be carried out of the read.</remarks>
internal sealed class LedgerImage
{
    private readonly Dictionary<string, OrgState> _orgs = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Account> _accounts = [];
    private readonly Dictionary<WindowKey, BudgetWindow> _windows = [];
    private readonly Dictionary<long, Hold> _openHolds = [];
    private readonly Dictionary<(SettingKind, string Org, string Name), SettingRow> _settings = [];

    internal LedgerImage(Book book, Instant? lastWriteAt)
    {
        LastWriteAt = lastWriteAt;
        foreach (var (id, org) in book.Orgs) _orgs[id] = org;
        foreach (var (no, account) in book.Accounts) _accounts[no] = account;
        foreach (var (key, window) in book.Windows) _windows[key] = window;
        foreach (var attempt in book.Attempts.Values)
        {
            if (attempt is { State: HoldState.Open, Hold: { } hold }) _openHolds[hold.Seq] = hold;
        }

        foreach (var row in book.Settings) Add(row);
        Budgets = book.Budgets;
        Last = book.Last;
        Quarantined = book.Quarantined;
    }

    /// <summary>The commit that all figures are of: <c>as_of</c>.</summary>
    public long AsOf => Last.Commit;

    public Sequences Last { get; private set; }

    /// <summary>When the last commit was recorded; null: there is none.</summary>
    public Instant? LastWriteAt { get; private set; }

    public BudgetIndex Budgets { get; private set; }

    /// <summary>All accounts and windows that are in memory, as of <see cref="AsOf"/>.</summary>
    public (long AsOf, Account[] Accounts, BudgetWindow[] Windows) Figures => (AsOf, [.. _accounts.Values], [.. _windows.Values]);

    /// <summary>Goes up when a setting changes.</summary>
    public long SettingsVersion => Last.Setting;

    public IReadOnlyCollection<OrgState> Orgs => _orgs.Values;

    public IReadOnlyCollection<Hold> OpenHolds => _openHolds.Values;

    /// <summary>The newest content of every setting, in no order.</summary>
    public IReadOnlyCollection<SettingRow> Settings => _settings.Values;

    /// <summary>No open hold has a lower number.</summary>
    public long FirstOpenHold => _openHolds.Count == 0 ? Last.Hold + 1 : _openHolds.Keys.Min();

    /// <summary>Commands that are in quarantine.</summary>
    public int Quarantined { get; private set; }

    public OrgState? Org(string id) => _orgs.GetValueOrDefault(id);

    public Account Account(OrgState org, AccountKind kind) => _accounts[org.AccountNo(kind)];

    public SettingRow? Setting(SettingKind kind, string org, string name) => _settings.GetValueOrDefault((kind, org, name));

    /// <summary>How a budget stands in the window that <paramref name="at"/> lies in. A window that nothing was spent in is all zero.</summary>
    /// <remarks>Only windows that ended less than an hour ago are here; older ones are in the store's <c>windows</c> table.</remarks>
    public BudgetWindow Window(BudgetState budget, string? endUser, Instant at)
    {
        var period = budget.WindowAt(at);
        var key = new WindowKey(budget.No, period.Start, budget.IsPerUser ? endUser : null);
        return _windows.GetValueOrDefault(key) ?? new BudgetWindow(key, period.End);
    }

    /// <summary>Every window of a budget that contains <paramref name="at"/>: one, or one an end user who spent.</summary>
    public IReadOnlyList<BudgetWindow> WindowsOf(BudgetState budget, Instant at) => budget.IsPerUser
        ? [.. _windows.Values.Where(window => window.Key.Budget == budget.No && window.Key.Start == budget.WindowAt(at).Start)]
        : [Window(budget, endUser: null, at)];

    /// <summary>What the org was charged today, in its own zone (Q1).</summary>
    public Amount SpentToday(OrgState org, Instant now) => Window(Budgets.Find(org.MeterBudget)!, endUser: null, now).Posted;

    /// <summary>Takes in a commit that is durable.</summary>
    internal void Apply(WriteSet writes, IReadOnlyList<BudgetWindow> backfilled, Book? book)
    {
        Last = writes.Chain.Last;
        LastWriteAt = writes.Chain.RecordedAt;
        foreach (var account in writes.Accounts) _accounts[account.No] = account;
        foreach (var window in writes.Windows) _windows[window.Key] = window;
        foreach (var window in backfilled) _windows[window.Key] = window;
        foreach (var row in writes.Holds) _openHolds[row.Hold.Seq] = row.Hold;
        foreach (var end in writes.HoldsEnded) _openHolds.Remove(end.Hold.Seq);
        foreach (var row in writes.Settings) Apply(row, book!);
        foreach (var row in writes.Records)
        {
            if (row.Kind is RecordKind.Quarantine) Quarantined++;
        }
    }

    internal void Forget(IReadOnlyList<WindowKey> windows)
    {
        foreach (var key in windows) _windows.Remove(key);
    }

    private void Apply(SettingRow row, Book book)
    {
        Add(row);
        Budgets = book.Budgets;
        if (row.Kind is not (SettingKind.Org or SettingKind.ClosedPeriod)) return;
        var org = book.Org(row.Org)!;
        _orgs[row.Org] = org;
        foreach (var kind in Enum.GetValues<AccountKind>()) _accounts[org.AccountNo(kind)] = book.Account(org.AccountNo(kind));
    }

    private void Add(SettingRow row) => _settings[(row.Kind, row.Org, row.Name)] = row;
}
