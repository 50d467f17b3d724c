using System.Runtime.InteropServices;
using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;

namespace Tieout.Core.Ledger;

/// <summary>The ledger's state as decisions see it: what governs, how accounts and windows stand, and the ids that batch asks about.</summary>
/// <remarks>
/// A store fills it before a decision and applies the write set after it; <see cref="LedgerRules"/> only reads it. What must be here:
/// every org, budget, setting, account, label and price; every open hold; every window that ends after <see cref="WindowsFrom"/>;
/// and, recalled for the batch at hand, the ended attempts, money commands, postings, objects, messages, records and ends of lineages whose ids its commands
/// name.
/// Accounts and windows in it are never changed but replaced, so a reader may keep one.
/// </remarks>
public sealed partial class Book
{
    private readonly Dictionary<string, OrgState> _orgs = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Account> _accounts = [];
    private readonly Dictionary<WindowKey, BudgetWindow> _windows = [];
    private readonly Dictionary<UsageLabels, int> _labels = [];
    private readonly Dictionary<ResolvedPrice, int> _prices = [];
    private readonly Dictionary<AttemptId, Attempt> _attempts = [];
    private readonly Dictionary<(string Org, string Id), CommandRow> _commands = [];
    private readonly Dictionary<(SettingKind, string Org, string Name), SettingRow> _settings = [];
    private readonly Dictionary<long, PostedBefore> _postings = [];
    private readonly Dictionary<(string Org, string Id), OutboxRow> _announced = [];
    private readonly Dictionary<RecordKey, RecordRow> _records = [];
    private readonly Dictionary<long, UsageRow> _recorded = [];
    private readonly Dictionary<(string Org, ObjectKind, string Id), KeptObject> _objects = [];
    private readonly Dictionary<(string Org, string Operation, string Issuance), LineageHead> _lineageHeads = [];

    private readonly List<BudgetState> _matching = [];

    /// <summary>The last number given in each table.</summary>
    public Sequences Last { get; private set; }

    /// <summary>Hash of the last commit; 32 zero bytes before the first.</summary>
    public byte[] ChainHash { get; private set; } = new byte[32];

    public BudgetIndex Budgets { get; private set; } = BudgetIndex.Empty;

    /// <summary>Windows that end after this are all here, if they exist; older ones must be recalled when a command reaches back to them.</summary>
    public Instant WindowsFrom { get; set; }

    /// <summary>Rows that an archive has in the ledger's place; null: none.</summary>
    public Detachment? Detached { get; private set; }

    /// <summary>The last posting that names rows of earlier commits: a correction, or a charge of usage that was recorded before. Looked up for a footprint
    /// with <see cref="Footprint.LeavesAfter"/>.</summary>
    public long LastCorrection { get; private set; }

    /// <summary>What was looked up for the batch at hand; null: everything there is, is here.</summary>
    public Footprint? Prefetched { get; init; }

    public IReadOnlyDictionary<string, OrgState> Orgs => _orgs;
    public IReadOnlyDictionary<int, Account> Accounts => _accounts;
    public IReadOnlyDictionary<WindowKey, BudgetWindow> Windows => _windows;
    public IReadOnlyDictionary<AttemptId, Attempt> Attempts => _attempts;
    public IReadOnlyCollection<SettingRow> Settings => _settings.Values;

    /// <summary>How many commands are in quarantine. The records are in the store alone.</summary>
    public int Quarantined { get; private set; }

    public OrgState? Org(string id) => _orgs.GetValueOrDefault(id);
    public Account Account(int no) => _accounts[no];
    public BudgetWindow? Window(WindowKey key) => _windows.GetValueOrDefault(key);
    public int LabelsNo(UsageLabels labels) => _labels.GetValueOrDefault(labels);
    public int PriceNo(ResolvedPrice price) => _prices.GetValueOrDefault(price);
    public Attempt? Attempt(AttemptId id) => _attempts.GetValueOrDefault(id);
    public CommandRow? Command(string org, string id) => _commands.GetValueOrDefault((org, id));
    public SettingRow? Setting(SettingKind kind, string org, string name) => _settings.GetValueOrDefault((kind, org, name));
    public OutboxRow? Announced(string org, string id) => _announced.GetValueOrDefault((org, id));
    public RecordRow? Record(RecordKey key) => _records.GetValueOrDefault(key);
    public PostedBefore? Posting(long seq) => _postings.GetValueOrDefault(seq);
    public UsageRow? Recorded(long seq) => _recorded.GetValueOrDefault(seq);
    public LineageHead? LineageHead(string org, string operation, string issuance) => _lineageHeads.GetValueOrDefault((org, operation, issuance));
    public KeptObject? Object(string org, ObjectKind kind, string id) => _objects.GetValueOrDefault((org, kind, id));

    /// <summary>Begins a batch. The store looks up the rows that the footprint names, and makes the book take them in.</summary>
    /// <param name="newest">No stored attempt has an id above it; null: the store does not know.</param>
    public Footprint Begin(IReadOnlyList<Command> commands, AttemptId? newest = null)
    {
        if (Prefetched is not { } footprint) throw new InvalidOperationException("The book holds everything, so there is nothing to look up.");
        footprint.Begin(commands, newest);
        return footprint;
    }

    /// <summary>Adds the windows that count something at <paramref name="at"/>, if they are so old that they may not be here.</summary>
    public void AddOldWindows(UsageLabels labels, string? endUser, Instant at, ICollection<WindowKey> windows)
    {
        if (at >= WindowsFrom) return;
        _matching.Clear();
        Budgets.Matching(labels, endUser, _matching);
        foreach (var budget in _matching) windows.Add(new WindowKey(budget.No, budget.WindowAt(at).Start, budget.IsPerUser ? endUser : null));
    }

    /// <summary>Takes in what a decision wrote. The caller makes it durable, or throws this book away.</summary>
    public void Apply(WriteSet writes)
    {
        foreach (var row in writes.Settings) Recall(row);
        foreach (var row in writes.Labels) Recall(row);
        foreach (var row in writes.Prices) _prices[ResolvedPrice.Parse(row.Json)] = row.No;
        foreach (var row in writes.Commands) _commands[(row.Org, row.Id)] = row;
        foreach (var row in writes.Holds) Recall(row.Hold.Id, new(row.Hold, HoldState.Open, Usage: null));
        foreach (var end in writes.HoldsEnded) Recall(end.Hold.Id, new(end.Hold, end.State, Usage: null));
        foreach (var row in writes.Usage)
        {
            _attempts[row.Usage.Id] = _attempts.TryGetValue(row.Usage.Id, out var held) ? held with { Usage = row } : new(Hold: null, HoldState.Settled, row);
        }

        foreach (var row in writes.Objects) Recall(new KeptObject(row, End: null));
        foreach (var end in writes.ObjectsEnded) Recall(new KeptObject(end.Object, end));
        foreach (var entry in writes.Lineage) Recall(entry.Org, entry.OperationId, entry.Row.Issuance, new(entry.Row.No, entry.Row.Link, entry.TokenSha256));
        foreach (var row in writes.Records)
        {
            Recall(row);
            if (row.Kind is RecordKind.Quarantine) Quarantined++;
            if (row.Kind is RecordKind.Detachment) Recall(Detachment.Parse(row.Body));
        }

        foreach (var account in writes.Accounts) _accounts[account.No] = account;
        foreach (var window in writes.Windows) Recall(window);
        Last = writes.Chain.Last;
        ChainHash = writes.Chain.Hash;
    }

    /// <summary>Takes in a setting, in the order of their numbers.</summary>
    public void Recall(SettingRow row)
    {
        switch (row.Kind)
        {
            case SettingKind.Org:
                OpenOrg(row);
                break;
            case SettingKind.Budget:
                var budget = Budget.Parse(row.Body);
                var known = Budgets.Find(budget.Id);
                SetBudget(known is null
                    ? new BudgetState(Last.Budget + 1, budget, TimeZoneInfo.FindSystemTimeZoneById(budget.TimeZone), row.RecordedAt, row.AfterHold)
                    : new BudgetState(known.No, budget, known.Zone, known.CreatedAt, known.AfterHold));
                break;
            case SettingKind.ClosedPeriod when Tenancy.Month.TryParse(row.Body, out var through):
                _orgs[row.Org] = _orgs[row.Org].Close(through);
                break;
        }

        // Last: a row that cannot be read is not among the settings.
        if (!_settings.ContainsKey((row.Kind, row.Org, row.Name))) Count(_settingsOf, (row.Kind, row.Org), 1);
        _settings[(row.Kind, row.Org, row.Name)] = row;
    }

    /// <summary>Takes in labels or a price that a store has numbered.</summary>
    public void Recall(LabelsRow row)
    {
        if (_labels.TryAdd(row.Labels, row.No)) Count(_labelSetsOf, row.Labels.Org, 1);
        else _labels[row.Labels] = row.No;
    }

    /// <inheritdoc cref="Recall(LabelsRow)"/>
    public void Recall(PriceRow row) => _prices[ResolvedPrice.Parse(row.Json)] = row.No;

    /// <summary>Takes in how an account stands.</summary>
    public void Recall(Account account) => _accounts[account.No] = account;

    /// <summary>Takes in how a window stands.</summary>
    public void Recall(BudgetWindow window)
    {
        if (window.Key.Each is not null && !_windows.ContainsKey(window.Key)) Count(_endUsersOf, (window.Key.Budget, window.Key.Start), 1);
        _windows[window.Key] = window;
    }

    /// <summary>Takes in what is known of an attempt.</summary>
    public void Recall(AttemptId id, Attempt attempt)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_attempts, id, out _);
        CountOpen(known, -1);
        CountOpen(attempt, 1);
        known = attempt;
    }

    /// <summary>Takes in a money command that stands.</summary>
    public void Recall(CommandRow row) => _commands[(row.Org, row.Id)] = row;

    /// <summary>Takes in a posting that a correction names.</summary>
    public void Recall(PostedBefore posting) => _postings[posting.Posting.Seq] = posting;

    /// <summary>Takes in a message of the outbox.</summary>
    public void Recall(OutboxRow row) => _announced[(row.Org, row.Id)] = row;

    /// <summary>Takes in the newest record of a name.</summary>
    public void Recall(RecordRow row) => _records[row.Key] = row;

    /// <summary>Takes in which rows left the ledger for an archive.</summary>
    public void Recall(Detachment detached) => Detached = detached;

    /// <summary>Takes in which posting was the last that names rows of earlier commits.</summary>
    public void RecallCorrection(long posting) => LastCorrection = posting;

    /// <summary>Takes in how many more commands the store has in quarantine.</summary>
    public void RecallQuarantined(int more) => Quarantined += more;

    /// <summary>Takes in a usage record that a correction names.</summary>
    public void Recall(UsageRow row) => _recorded[row.Seq] = row;

    /// <summary>Takes in what is known of an object.</summary>
    public void Recall(KeptObject kept) => _objects[(kept.Object.Org, kept.Object.Kind, kept.Object.Id)] = kept;

    /// <summary>Takes in where the lineage of an issuance ends.</summary>
    public void Recall(string org, string operation, string issuance, LineageHead head) => _lineageHeads[(org, operation, issuance)] = head;

    /// <summary>Takes in where the store's tables and chain end.</summary>
    public void Recall(Sequences last, byte[] chainHash) => (Last, ChainHash) = (last, chainHash);

    /// <summary>Lets go of an attempt that has ended and is durable; the store finds it again by its id.</summary>
    public void Forget(AttemptId id)
    {
        if (_attempts.Remove(id, out var attempt)) CountOpen(attempt, -1);
    }

    /// <summary>Lets go of the money commands and postings recalled for earlier batches; the store finds them again.</summary>
    public void ForgetRecalled()
    {
        _commands.Clear();
        _postings.Clear();
        _recorded.Clear();
    }

    /// <summary>Lets go of the objects, messages, records and ends of lineages recalled for earlier batches; the store finds them again.</summary>
    public void ForgetObjects()
    {
        _objects.Clear();
        _announced.Clear();
        _records.Clear();
        _lineageHeads.Clear();
    }

    /// <summary>Lets go of a window that is over and durable; the store finds it again by its key.</summary>
    public void Forget(WindowKey key)
    {
        if (_windows.Remove(key) && key.Each is not null) Count(_endUsersOf, (key.Budget, key.Start), -1);
    }

    private void OpenOrg(SettingRow row)
    {
        var org = Tenancy.Org.Parse(row.Body);
        var zone = TimeZoneInfo.FindSystemTimeZoneById(org.TimeZone);
        var meter = Budget.DailyMeter(org.Id, org.TimeZone);
        var state = new OrgState(org, zone, Last.Account + 1, ClosedThrough: null, Instant.UnixEpoch, meter.Id);
        _orgs[org.Id] = state;
        foreach (var account in state.NewAccounts()) _accounts.TryAdd(account.No, account);
        Last = Last with { Account = Last.Account + OrgState.AccountKinds };
        SetBudget(new BudgetState(Last.Budget + 1, meter, zone, row.RecordedAt, row.AfterHold));
    }

    private void SetBudget(BudgetState state)
    {
        Budgets = Budgets.With(state);
        Last = Last with { Budget = Math.Max(Last.Budget, state.No) };
    }
}

/// <summary>A posting that stands, with what a correction of it must know.</summary>
/// <param name="Usage">The usage record it charges; null for money postings.</param>
/// <param name="Reversed">Whether a reversal of it stands already.</param>
public sealed record PostedBefore(Posting Posting, UsageRow? Usage, bool Reversed);
