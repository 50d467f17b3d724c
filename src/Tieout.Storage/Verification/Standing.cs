using System.Collections.Concurrent;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Storage.Detaching;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Everything recomputed from the rows alone, and what each row must agree on with the others.</summary>
internal sealed partial class Standing
{
    private readonly Findings _findings;
    private readonly Book _book = new();
    private readonly Recomputation _again;
    private readonly Dictionary<int, UsageLabels> _labels = [];
    private readonly Dictionary<int, ResolvedPrice> _prices = [];
    private readonly Dictionary<long, CommandRow> _grants = [];
    private readonly Dictionary<string, Amount> _hardLimits = new(StringComparer.Ordinal);
    private readonly SortedSet<long> _openHolds = [];
    private readonly HashSet<string> _budgetIds = new(StringComparer.Ordinal);
    private readonly List<Hold> _heldInCommit = [];
    private readonly HashSet<string> _overrunInCommit = new(StringComparer.Ordinal);
    private readonly List<BudgetState> _matching = [];
    private readonly MonthSums _months = new();
    private readonly ILedgerTables _tables;
    private readonly Queue<UsageRow> _uncharged = [];

    // Found while the rows are read, which may be on another thread.
    private readonly ConcurrentDictionary<long, bool> _endedUnused = new();

    // Passed over by the charges of later records: a bug left the charge out, and a correction may bring it.
    private readonly Dictionary<long, UsageRow> _passedOver = [];

    // Charged otherwise than their price says: wrong, unless a correction has taken that charge back.
    private readonly Dictionary<long, string> _mispriced = [];

    private readonly bool _rowsOnly;

    /// <param name="rowsOnly">Nothing is recomputed: only what reading rows and following the chain needs.</param>
    public Standing(ILedgerTables tables, Findings findings, bool rowsOnly = false)
    {
        _rowsOnly = rowsOnly;
        _tables = tables;
        _findings = findings;
        Each(_tables, $"SELECT {RowReads.SettingColumns} FROM settings ORDER BY seq", s => _book.Recall(RowReads.Setting(s)));
        Each(_tables, $"SELECT {RowReads.LabelsColumns} FROM attributions", s =>
        {
            var row = RowReads.Labels(s);
            _labels[row.No] = row.Labels;
        });
        _again = new(_book);
    }

    public Recomputation Again => _again;

    public Book Book => _book;

    /// <summary>The tables that are recomputed.</summary>
    public ILedgerTables Tables => _tables;

    /// <summary>Counts the rows beside; null: nothing does.</summary>
    public DerivedCheck? Derived { get; init; }

    /// <summary>Takes the rows that the store has indexes of; null: nothing does.</summary>
    public IRowIndexes? Indexes { get; init; }

    /// <exception cref="StoreCorruptException">There are none.</exception>
    public UsageLabels Labels(int no) =>
        _labels.TryGetValue(no, out var labels) ? labels : throw new StoreCorruptException($"it names attribution {no}, which does not exist");

    /// <summary>Null: there are none.</summary>
    public UsageLabels? FindLabels(int no) => _labels.GetValueOrDefault(no);

    /// <exception cref="StoreCorruptException">There is none.</exception>
    public string OrgOf(int account) =>
        _book.Accounts.TryGetValue(account, out var known) ? known.Org : throw new StoreCorruptException($"it names account {account}, which does not exist");

    /// <summary>The last account and budget number, by the settings so far.</summary>
    public (int Account, int Budget) Numbers { get; private set; }

    /// <summary>Begins after a commit: the settings up to it are there already.</summary>
    public void BeginAfter(long setting) =>
        Each(_tables, $"SELECT {RowReads.SettingColumns} FROM settings WHERE seq <= {setting} ORDER BY seq", s => Add(RowReads.Setting(s)));

    /// <summary>Begins with the figures that detached rows came to.</summary>
    /// <param name="openHolds">Holds that were open then.</param>
    public void BeginWith(FiguresAtCut figures, IEnumerable<long> openHolds)
    {
        _again.Begin(figures.Accounts, figures.Windows, figures.Cells);
        _openHolds.UnionWith(openHolds);
    }

    /// <summary>Which accounts and budgets there are, and which limits are in force, from this commit on.</summary>
    public void Add(SettingRow row)
    {
        var (account, budget) = Numbers;
        if (row.Kind == SettingKind.Org)
        {
            // With the daily meter that every org has.
            _budgetIds.Add(_book.Org(row.Org)!.MeterBudget);
            Numbers = (account + OrgState.AccountKinds, budget + 1);
        }

        if (row.Kind != SettingKind.Budget) return;
        if (_budgetIds.Add(row.Name)) Numbers = (account, budget + 1);
        _hardLimits.Remove(row.Name);
        if (Budget.Parse(row.Body) is { Hard: true, Limit: { } limit }) _hardLimits[row.Name] = limit;
    }

    public void Add(PriceRow row)
    {
        if (_rowsOnly) return;
        try
        {
            _prices[row.No] = ResolvedPrice.Parse(row.Json);
        }
        catch (FormatException)
        {
            _findings.Broken("refs", $"prices {row.No} is not a price.");
        }
    }

    public void Add(CommandRow row)
    {
        if (!_rowsOnly) _grants[row.Posting] = row;
    }

    public void Add(FindingRow row)
    {
        if (_rowsOnly) return;
        if (row.Code == FindingCode.Overrun) _overrunInCommit.Add(row.Org);
    }

    /// <summary>Of the holds that are open after the commits so far, the first; null: none is open.</summary>
    public long? FirstOpenHold => _openHolds.Count == 0 ? null : _openHolds.Min;

    public void Add(Hold hold)
    {
        if (_rowsOnly) return;
        Indexes?.Add(hold);
        _again.Add(hold);
        _openHolds.Add(hold.Seq);
        if (hold.Amount > Amount.Zero) _heldInCommit.Add(hold);
    }

    /// <summary>A commit that placed holds left every account and window they are on within its limit, unless it says that it did not.</summary>
    public void EndCommit()
    {
        foreach (var hold in _heldInCommit)
        {
            if (_overrunInCommit.Contains(hold.Scope.Org)) continue;
            var account = _again.Accounts[_book.Org(hold.Scope.Org)!.AccountNo(AccountKind.Customer)];
            _findings.Check("L2", account.Available is not { } available || available >= Amount.Zero,
                $"holds {hold.Seq} ({hold.Id}): the account of {hold.Scope.Org} was left {account.Available} above its floor.");
            CheckLimits(hold);
        }

        _heldInCommit.Clear();
        _overrunInCommit.Clear();
    }

    /// <summary>The attempt of a hold, which has ended, has no usage record.</summary>
    public void HasNoUsage(Hold hold)
    {
        if (!_rowsOnly) _endedUnused[hold.Seq] = true;
    }

    public void End(HoldEnd end)
    {
        if (_rowsOnly) return;
        var hasUsage = !_endedUnused.TryRemove(end.Hold.Seq, out _);
        _again.End(end.Hold);
        _openHolds.Remove(end.Hold.Seq);
        if (end.State != HoldState.Settled)
        {
            _findings.Checked("L5");
            return;
        }

        _findings.Check("L5", hasUsage, $"hold_ends {end.Hold.Seq}: settled, but attempt {end.Hold.Id} has no usage record.");
    }

    public void Add(UsageRow row)
    {
        if (_rowsOnly) return;
        Indexes?.Add(row);
        Derived?.Add(row, _prices.GetValueOrDefault(row.Price), _book);
        _uncharged.Enqueue(row);
        if (row.Price == 0)
        {
            _findings.Check("M3", row.Charge == Amount.Zero || row.Usage.Basis == UsageBasis.Imported,
                $"usage {row.Seq} ({row.Usage.Id}) has no price but a charge of {row.Charge}.");
            return;
        }

        if (!_prices.TryGetValue(row.Price, out var price))
        {
            _findings.Broken("refs", $"usage {row.Seq} ({row.Usage.Id}) names price {row.Price}, which does not exist.");
            return;
        }

        var priceable = price.TryPrice(row.Usage.Counts, out var priced);
        if (!priceable && row.Usage.Flags.HasFlag(UsageFlags.ClaimWithheld)) (priceable, priced) = (true, ClaimLimit.Claimed(price, row.Usage.Counts));
        _findings.Checked("M3");
        if (priceable && ClaimLimit.Agrees(priced.Charge, row.Charge, row.Usage.Flags) && priced.ProviderCost == row.ProviderCost) return;
        _mispriced[row.Seq] = FormattableString.Invariant(
            $"usage {row.Seq} ({row.Usage.Id}): its counts at price {row.Price} come to {priced.Charge}, it was charged {row.Charge}.");
    }

    public void Add(in Posting posting)
    {
        if (_rowsOnly) return;
        Indexes?.Add(posting);
        var seq = posting.Seq;
        _findings.Check(
            "L1", posting.Debit != posting.Credit && posting.Amount >= Amount.Zero && OrgOf(posting.Credit) == posting.Org,
            $"postings {seq}: not a transfer between two accounts of one org.");
        var usage = posting.Kind == PostingKind.Charge ? Charged(posting) : posting.UsageSeq > 0 ? Usage(posting) : null;
        Derived?.Add(posting, posting.UsageSeq == 0 ? 0 : usage?.Labels ?? LabelsOf(posting.UsageSeq), usage, _book);
        if (posting.Kind is PostingKind.Reversal) CheckReversal(posting);
        if (posting.IsPostingRepair)
        {
            _findings.Check(
                "L7", posting.Kind is PostingKind.Reversal or PostingKind.ReEntry, $"postings {seq} says that it repairs a posting, and it is no correction.");
        }

        if (usage is null && posting.UsageSeq > 0 && !IsTakenBack(seq)) return;
        _again.Add(posting, usage, posting.Kind == PostingKind.Grant ? _grants.GetValueOrDefault(seq) : null);
        _grants.Remove(seq);
        if (usage is not null) Bill(posting, usage);
    }

    /// <summary>What only shows at the end: sums over all.</summary>
    public void Finish()
    {
        foreach (var row in _passedOver.Values.Concat(_uncharged)) _findings.Broken("M1", $"usage {row.Seq} ({row.Usage.Id}) has no charge posting.");
        foreach (var problem in _mispriced.Values) _findings.Broken("M3", problem);
        foreach (var byAsset in _again.Accounts.Values.GroupBy(account => account.Asset))
        {
            var sum = byAsset.Sum(account => account.Balance);
            _findings.Check("L1", sum == Amount.Zero, $"all {byAsset.Key} balances sum to {sum}, not to zero.");
        }

        foreach (var month in _months.All)
        {
            _findings.Check(
                "I1", month.Charged == month.Moved, $"{month.Org} {month.Month}: charges come to {month.Charged}, the balance moved by {month.Moved}.");
        }

        Each(_tables, "SELECT reverses, count(*) FROM postings WHERE kind = 4 AND reverses > 0 GROUP BY reverses HAVING count(*) > 1", s =>
            _findings.Broken("L7", $"postings {s.Int64(0)} was reversed {s.Int64(1)} times."));
    }

    private void CheckLimits(Hold hold)
    {
        _matching.Clear();
        _book.Budgets.Matching(hold.Scope, hold.EndUser, _matching);
        foreach (var budget in _matching)
        {
            if (!budget.CountsHold(hold.Seq) || !_hardLimits.TryGetValue(budget.Budget.Id, out var limit)) continue;
            var window = _again.Windows[new(budget.No, budget.WindowAt(hold.HeldAt).Start, budget.IsPerUser ? hold.EndUser : null)];
            _findings.Check(
                "B1", window.Committed <= limit,
                $"holds {hold.Seq} ({hold.Id}): budget {budget.Budget.Id}, window from {window.Key.Start}, has {window.Committed} posted and held; its limit is {limit}.");
        }
    }

    private static void Each(ILedgerTables tables, string sql, Action<IRow> take)
    {
        using var rows = tables.Select(sql);
        while (rows.Step()) take(rows);
    }
}
