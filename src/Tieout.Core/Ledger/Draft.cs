using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;

namespace Tieout.Core.Ledger;

/// <summary>What a batch has decided so far: the book with the batch's own changes laid over it. The book itself is not touched.</summary>
/// <remarks>
/// An account or window is copied when a rule first changes it, and then changed in place for the rest of the batch. A rule changes
/// nothing before it has tried everything that could refuse, so a refused command leaves no trace (L6).
/// </remarks>
/// <param name="commands">How many are to be decided: room for as many rows is made at once.</param>
internal sealed partial class Draft(Book book, Instant now, int commands)
{
    private readonly Footprint? _prefetched = book.Prefetched;
    private readonly Dictionary<int, Account> _accounts = [];
    private readonly Dictionary<WindowKey, BudgetWindow> _windows = [];
    private readonly Dictionary<AttemptId, Attempt> _attempts = new(commands);
    private readonly Dictionary<CellKey, CellChange> _cells = [];
    private readonly List<BudgetState> _matching = [];
    private LateTable<UsageLabels, int> _labelNumbers;
    private LateTable<ResolvedPrice, int> _priceNumbers;
    private LateTable<(string, string), CommandRow> _commandsById;
    private LateTable<(string, ObjectKind, string), KeptObject> _objectsById;
    private LateTable<(string, string, string), LineageHead> _lineageHeads;
    private LateTable<(string Org, string Id), OutboxRow> _announced;
    private LateTable<RecordKey, RecordRow> _recordsByKey;
    private LateTable<long, bool> _reversed;

    public Instant Now { get; } = now;

    public OrgState? Org(string id) => book.Org(id);

    public BudgetIndex Budgets => book.Budgets;

    public SettingRow? Setting(SettingKind kind, string org, string name) => book.Setting(kind, org, name);

    /// <inheritdoc cref="Book.LastCorrection"/>
    public long LastCorrection => book.LastCorrection;

    /// <summary>The refusal where rows are in an archive: of a posting, of usage, of what begins at a time.</summary>
    public Outcome.Refused? ValidatePresence(long posting = 0, long usage = 0, Instant? from = null) =>
        book.Detached is { } gone && (gone.HasPosting(posting) || gone.HasUsage(usage) || from <= gone.RecordedAt)
            ? LedgerRules.Refuse(Refusal.RowsArchived, gone.Archive) : null;

    /// <summary>The refusal of an attempt that an archive has; null: the attempt is new, or its rows are here.</summary>
    public Outcome.Refused? ValidatePresence(AttemptId id) =>
        Attempt(id) is { IsArchived: true } ? LedgerRules.Refuse(Refusal.RowsArchived, book.Detached?.Archive) : null;

    public Attempt? Attempt(AttemptId id) =>
        _attempts.TryGetValue(id, out var attempt)
            ? attempt : book.Attempt(id) ?? (_prefetched?.Covers(id) is false ? Absent<Attempt, AttemptId>(id, _prefetched.Attempts) : null);

    public CommandRow? Command(string org, string id) =>
        _commandsById.TryGetValue((org, id), out var row)
            ? row : book.Command(org, id) ?? Absent<CommandRow, (string, string)>((org, id), _prefetched?.Commands);

    public KeptObject? Object(string org, ObjectKind kind, string id) =>
        _objectsById.TryGetValue((org, kind, id), out var kept)
            ? kept : book.Object(org, kind, id) ?? Absent<KeptObject, (string, ObjectKind, string)>((org, kind, id), _prefetched?.Objects);

    /// <summary>Null: nothing of the issuance is stored.</summary>
    public LineageHead? LineageHead(string org, string operation, string issuance)
    {
        var name = (org, operation, issuance);
        if (_lineageHeads.TryGetValue(name, out var head)) return head;
        if (book.LineageHead(org, operation, issuance) is { } known) return known;
        return _prefetched?.NewLineages.Contains(name) is true ? null : Absent<LineageHead, (string, string, string)>(name, _prefetched?.Lineages);
    }

    /// <summary>The message with an id; null: none, as far as a command of the batch asks for it.</summary>
    public OutboxRow? Announced(string org, string id) =>
        _announced.TryGetValue((org, id), out var row) ? row : book.Announced(org, id) ?? Absent<OutboxRow, (string, string)>((org, id), _prefetched?.Messages);

    /// <summary>The newest record of a name; null: none.</summary>
    public RecordRow? Record(RecordKey key) =>
        _recordsByKey.TryGetValue(key, out var row) ? row : book.Record(key) ?? Absent<RecordRow, RecordKey>(key, _prefetched?.Records);

    public PostedBefore? Posting(long seq)
    {
        if (book.Posting(seq) is not { } posting) return Absent<PostedBefore, long>(seq, _prefetched?.Postings);
        return _reversed.ContainsKey(seq) ? posting with { Reversed = true } : posting;
    }

    /// <summary>A usage record by its number, as recalled for a correction.</summary>
    public UsageRow? Recorded(long seq) => book.Recorded(seq) ?? Absent<UsageRow, long>(seq, _prefetched?.UsageSeqs);

    /// <summary>To read only.</summary>
    public Account Account(OrgState org, AccountKind kind)
    {
        var no = org.AccountNo(kind);
        return _accounts.TryGetValue(no, out var account) ? account : book.Account(no);
    }

    /// <summary>To change.</summary>
    public Account Touch(OrgState org, AccountKind kind)
    {
        var no = org.AccountNo(kind);
        if (_accounts.TryGetValue(no, out var account)) return account;
        return _accounts[no] = book.Account(no).Copy();
    }

    /// <summary>The budgets that count something of these labels and end user. Good until the next call.</summary>
    public List<BudgetState> Matching(UsageLabels labels, string? endUser)
    {
        _matching.Clear();
        book.Budgets.Matching(labels, endUser, _matching);
        return _matching;
    }

    /// <summary>To read only; null: nothing was spent or held in it yet.</summary>
    public BudgetWindow? Window(BudgetState budget, string? endUser, Instant at)
    {
        var period = budget.WindowAt(at);
        var key = new WindowKey(budget.No, period.Start, budget.IsPerUser ? endUser : null);
        return _windows.TryGetValue(key, out var window) ? window : Stored(key, period.End);
    }

    /// <summary>To change.</summary>
    public BudgetWindow TouchWindow(BudgetState budget, string? endUser, Instant at)
    {
        var period = budget.WindowAt(at);
        var key = new WindowKey(budget.No, period.Start, budget.IsPerUser ? endUser : null);
        if (_windows.TryGetValue(key, out var window)) return window;
        if (Stored(key, period.End) is { } stored) return _windows[key] = stored.Copy();
        var added = _windows[key] = new(key, period.End);
        CountEndUser(budget, added);
        return added;
    }

    private BudgetWindow? Stored(WindowKey key, Instant end) =>
        book.Window(key) ?? (end > book.WindowsFrom ? null : Absent<BudgetWindow, WindowKey>(key, _prefetched?.Windows));

    /// <summary>Null, for what is in neither draft nor book. Only if the store was asked for it: else nobody knows whether it is there.</summary>
    private static T? Absent<T, TKey>(TKey key, HashSet<TKey>? prefetched)
        where T : class =>
        prefetched is null || prefetched.Contains(key)
            ? null : throw new InvariantBrokenException("L3", $"{typeof(T).Name} {key} is looked at and in no command's footprint");

    public CellChange Cell(Instant at, int labels)
    {
        var key = new CellKey(at.UnixMicros / Instant.MicrosPerHour, labels);
        if (_cells.TryGetValue(key, out var cell)) return cell;
        return _cells[key] = new CellChange(key);
    }
}
