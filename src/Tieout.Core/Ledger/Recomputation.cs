using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>
/// Computes accounts, budget windows and cells again from the rows alone: from nothing, to verify (L4, B2), or from a checkpoint, to start.
/// </summary>
/// <param name="book">Orgs, budgets and settings, and how accounts and windows stood where the rows begin. Not changed.</param>
public sealed class Recomputation(Book book)
{
    private readonly Dictionary<int, Account> _accounts = [];
    private readonly Dictionary<WindowKey, BudgetWindow> _windows = [];
    private readonly Dictionary<CellKey, CellChange> _cells = [];
    private readonly List<BudgetState> _matching = [];

    /// <summary>Accounts and windows that the rows changed, as they then stand; cells as what the rows add.</summary>
    public IReadOnlyDictionary<int, Account> Accounts => _accounts;

    /// <inheritdoc cref="Accounts"/>
    public IReadOnlyDictionary<WindowKey, BudgetWindow> Windows => _windows;

    /// <inheritdoc cref="Accounts"/>
    public IReadOnlyDictionary<CellKey, CellChange> Cells => _cells;

    /// <summary>Takes in how figures stood where the rows begin, so that all of them are among the results.</summary>
    public void Begin(IEnumerable<Account> accounts, IEnumerable<BudgetWindow> windows, IEnumerable<CellChange> cells)
    {
        foreach (var account in accounts) _accounts[account.No] = account.Copy();
        foreach (var window in windows) _windows[window.Key] = window.Copy();
        foreach (var cell in cells) Cell(cell.Key).Add(cell);
    }

    /// <summary>The next posting, in the order of their numbers.</summary>
    /// <param name="usage">The usage record it names; null if it names none.</param>
    /// <param name="command">For a grant, the command that asked for it.</param>
    public void Add(in Posting posting, UsageRow? usage, CommandRow? command)
    {
        PostingEffects.Apply(posting, Touch(posting.Debit), Touch(posting.Credit), GrantOf(posting, command));
        if (usage is not null) Count(posting, UsageFacts.Of(usage), usage.Usage.Labels);
    }

    /// <summary>As <see cref="Add(in Posting, UsageRow, CommandRow)"/> for a posting of usage, without a row in memory.</summary>
    public void Add(in Posting posting, in UsageFacts usage, UsageLabels labels)
    {
        PostingEffects.Apply(posting, Touch(posting.Debit), Touch(posting.Credit), grant: null);
        Count(posting, usage, labels);
    }

    private void Count(in Posting posting, in UsageFacts usage, UsageLabels labels)
    {
        var change = posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
        Move(labels, usage.EndUser, change, posting.EffectiveAt);
        var cell = Cell(new(posting.EffectiveAt.UnixMicros / Instant.MicrosPerHour, usage.Labels));
        if (posting.Kind == PostingKind.Charge) cell.Count(usage);

        // What was posted, not what the record says: where a bug let them differ, a correction moves the cell to what is right.
        cell.Charge += change;
    }

    /// <summary>The lot that a posting opens; null: none.</summary>
    /// <param name="command">For a grant, the command that asked for it.</param>
    public static GrantLot? GrantOf(in Posting posting, CommandRow? command) =>
        posting.Kind == PostingKind.Grant && command is not null ? Details.ParseGrant(command) : null;

    /// <summary>A hold that is placed.</summary>
    public void Add(Hold hold) => MoveHeld(hold, hold.Amount);

    /// <summary>A hold that ends, settled or not.</summary>
    public void End(Hold hold) => MoveHeld(hold, -hold.Amount);

    private void Move(UsageLabels labels, string? endUser, Amount change, Instant effectiveAt)
    {
        foreach (var budget in Matching(labels, endUser))
        {
            if (!budget.CountsAt(effectiveAt)) continue;
            var window = Touch(budget, endUser, effectiveAt);
            window.Posted += change;
            window.LastAlertedPercent = Math.Max(window.LastAlertedPercent, Thresholds.Highest(budget.Budget, window.Posted));
        }
    }

    private void MoveHeld(Hold hold, Amount change)
    {
        Touch(book.Org(hold.Scope.Org)!.AccountNo(AccountKind.Customer)).Held += change;
        foreach (var budget in Matching(hold.Scope, hold.EndUser))
        {
            if (budget.CountsHold(hold.Seq)) Touch(budget, hold.EndUser, hold.HeldAt).Held += change;
        }
    }

    private List<BudgetState> Matching(UsageLabels labels, string? endUser)
    {
        _matching.Clear();
        book.Budgets.Matching(labels, endUser, _matching);
        return _matching;
    }

    private Account Touch(int no) => _accounts.TryGetValue(no, out var account) ? account : _accounts[no] = book.Account(no).Copy();

    private BudgetWindow Touch(BudgetState budget, string? endUser, Instant at)
    {
        var period = budget.WindowAt(at);
        var key = new WindowKey(budget.No, period.Start, budget.IsPerUser ? endUser : null);
        return _windows.TryGetValue(key, out var window) ? window : _windows[key] = book.Window(key)?.Copy() ?? new BudgetWindow(key, period.End);
    }

    private CellChange Cell(CellKey key) => _cells.TryGetValue(key, out var cell) ? cell : _cells[key] = new CellChange(key);
}
