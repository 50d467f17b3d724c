using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Storage.Tests.Simulated;

/// <summary>What is durable in a simulation: rows and figures as commits left them. Survives the writer.</summary>
internal sealed class SimulatedDisk
{
    private readonly List<SettingRow> _settings = [];
    private readonly List<LabelsRow> _labels = [];
    private readonly List<PriceRow> _prices = [];
    private readonly Dictionary<int, Account> _accounts = [];
    private readonly Dictionary<WindowKey, BudgetWindow> _windows = [];
    private Sequences _last;
    private byte[] _hash = new byte[32];

    // Sent to the disk, and the disk said that it does not know: a restart may bring it back, unless something was committed over it.
    private WriteSet? _limbo;

    public Dictionary<AttemptId, Attempt> Attempts { get; } = [];

    public Dictionary<(string Org, string Id), CommandRow> Commands { get; } = [];

    public Dictionary<(string Org, string Id), OutboxRow> Outbox { get; } = [];

    /// <summary>The newest of each name.</summary>
    public Dictionary<RecordKey, RecordRow> Records { get; } = [];

    /// <summary>The records of commands in quarantine, by their id.</summary>
    public Dictionary<string, string> Quarantined { get; } = [];

    public IReadOnlyDictionary<int, Account> Accounts => _accounts;

    public IReadOnlyDictionary<WindowKey, BudgetWindow> Windows => _windows;

    public long Postings { get; private set; }

    public Instant? LastRecordedAt { get; private set; }

    /// <summary>Sum of what was posted to customers by top-ups (plus) and charges (minus), counted here row by row.</summary>
    public Dictionary<string, Int128> Balances { get; } = [];

    /// <summary>What the writer tried that no writer may; null: nothing.</summary>
    public SimulationException? Violation { get; private set; }

    public void Commit(WriteSet writes)
    {
        Violation ??= ViolationIn(writes);
        if (Violation is { } violation) throw violation;
        _limbo = null;
        Apply(writes);
    }

    private SimulationException? ViolationIn(WriteSet writes)
    {
        if (writes.Chain.Commit != _last.Commit + 1 || !writes.Chain.Previous.AsSpan().SequenceEqual(_hash))
        {
            return new($"Commit {writes.Chain.Commit} does not follow commit {_last.Commit}.");
        }

        if (writes.Chain.RecordedAt < LastRecordedAt) return new("A recorded time went back.");
        foreach (var row in writes.Usage)
        {
            if (Attempts.TryGetValue(row.Usage.Id, out var known) && known.Usage is not null) return new($"Usage {row.Usage.Id} is stored twice.");
        }

        return null;
    }

    private void Apply(WriteSet writes)
    {
        _settings.AddRange(writes.Settings);
        _labels.AddRange(writes.Labels);
        _prices.AddRange(writes.Prices);
        foreach (var row in writes.Records.Where(row => row.Kind == RecordKind.Quarantine)) Quarantined.Add(row.Name, row.Body);
        foreach (var row in writes.Records) Records[row.Key] = row;
        foreach (var row in writes.Commands) Commands.Add((row.Org, row.Id), row);
        foreach (var row in writes.Outbox) Outbox.TryAdd((row.Org, row.Id), row);
        foreach (var row in writes.Holds) Attempts[row.Hold.Id] = new(row.Hold, HoldState.Open, Usage: null);
        foreach (var end in writes.HoldsEnded) Attempts[end.Hold.Id] = new(end.Hold, end.State, Usage: null);
        foreach (var row in writes.Usage)
        {
            Attempts[row.Usage.Id] = Attempts.TryGetValue(row.Usage.Id, out var held) ? held with { Usage = row } : new(Hold: null, HoldState.Settled, row);
        }

        foreach (var account in writes.Accounts) _accounts[account.No] = account;
        foreach (var window in writes.Windows) _windows[window.Key] = window;
        foreach (var row in writes.Postings)
        {
            var sign = row.Posting.Kind == PostingKind.Charge ? -1 : 1;
            Balances[row.Posting.Org] = Balances.GetValueOrDefault(row.Posting.Org) + sign * row.Posting.Amount.Nanos;
        }

        Postings += writes.Postings.Count;
        (_last, _hash, LastRecordedAt) = (writes.Chain.Last, writes.Chain.Hash, writes.Chain.RecordedAt);
    }

    /// <summary>The sync failed: nothing is there now, all of it may be there after a restart.</summary>
    public void Lose(WriteSet writes) => _limbo = writes;

    public void Restart(bool limboComesBack)
    {
        if (_limbo is { } lost && limboComesBack) Commit(lost);
        _limbo = null;
    }

    public Book Load()
    {
        var book = new Book { Prefetched = new() };
        foreach (var row in _settings) book.Recall(row);
        foreach (var row in _labels) book.Recall(row);
        foreach (var row in _prices) book.Recall(row);
        foreach (var account in _accounts.Values) book.Recall(account);
        foreach (var window in _windows.Values) book.Recall(window);
        foreach (var (id, attempt) in Attempts)
        {
            if (attempt is { State: HoldState.Open, Hold: not null }) book.Recall(id, attempt);
        }

        book.RecallQuarantined(Quarantined.Count);
        book.Recall(_last, _hash);
        return book;
    }

    public Amount Held(string org) =>
        Amount.Sum(Attempts.Values.Where(attempt => attempt is { State: HoldState.Open, Hold.Scope.Org: var of } && of == org).Select(
            attempt => attempt.Hold!.Amount));
}

/// <summary>The writer broke a promise.</summary>
internal sealed class SimulationException(string message) : Exception(message);
