using Tieout.Core.Budgets;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>What deciding a batch looks at besides what a book always holds. A store makes the book hold it, as far as it exists, before the batch is
/// decided.</summary>
/// <remarks>
/// Each command says its own part, in <see cref="Ledger.Command.Touch"/>, and nobody else does. A rule that looks at something else finds
/// <see cref="Book.Prefetched"/>
/// without it and is stopped: an id that was not asked for must never pass for one that is not there (L3).
/// </remarks>
public sealed class Footprint
{
    private static readonly AttemptId AnyMayBeStored = new(Guid.AllBitsSet);

    private readonly List<(UsageLabels Labels, string? EndUser, Instant At)> _spent = [];

    private AttemptId _newest = AnyMayBeStored;

    /// <summary>Attempts by id, those that end included. Without ids above every stored one, which need no look-up: most attempts are new.</summary>
    public HashSet<AttemptId> Attempts { get; } = [];

    /// <summary>Attempts whose holds end: their windows of then are changed.</summary>
    public List<AttemptId> Endings { get; } = [];

    public HashSet<(string Org, string Id)> Commands { get; } = [];
    public HashSet<long> Postings { get; } = [];

    /// <summary>Usage records by number.</summary>
    public HashSet<long> UsageSeqs { get; } = [];

    public HashSet<(string Org, ObjectKind Kind, string Id)> Objects { get; } = [];
    public HashSet<(string Org, string Id)> Messages { get; } = [];

    /// <summary>Names of which the newest record is looked at.</summary>
    public HashSet<RecordKey> Records { get; } = [];

    /// <summary>The posting after which <see cref="Book.LastCorrection"/> is looked up, since rows are about to leave the ledger; null: none are.</summary>
    public long? LeavesAfter { get; private set; }

    /// <summary>Ends of lineages that may be stored.</summary>
    public HashSet<(string Org, string Operation, string Issuance)> Lineages { get; } = [];

    /// <summary>Lineages that begin with the batch: nothing of them can be stored.</summary>
    public HashSet<(string Org, string Operation, string Issuance)> NewLineages { get; } = [];

    /// <summary>Old windows, which a book may no longer hold. Complete after <see cref="AddWindows"/>.</summary>
    public HashSet<WindowKey> Windows { get; } = [];

    /// <summary>Adds what deciding <paramref name="command"/> looks at.</summary>
    public void Add(Command command)
    {
        if (command.Audit is { Approval: { } terms } action)
        {
            Object(command.OrgId ?? "", ObjectKind.Proposal, terms.ProposalId);
            Record(MovedAlone.Key(command.OrgId ?? "", action.Person));
        }

        command.Touch(this);
    }

    /// <summary>Makes it the footprint of a batch.</summary>
    /// <param name="newest">No stored attempt has an id above it; null: the store does not know.</param>
    public void Begin(IReadOnlyList<Command> commands, AttemptId? newest)
    {
        Clear();
        _newest = newest ?? AnyMayBeStored;
        for (var i = 0; i < commands.Count; i++) Add(commands[i]);
    }

    /// <summary>Whether it is certain, after the look-up, that an attempt which the book does not hold does not exist.</summary>
    public bool Covers(AttemptId id) => id.CompareTo(_newest) > 0 || Attempts.Contains(id);

    /// <summary>Adds the old windows that the batch reaches back to. After the book holds attempts, postings and usage records, which say when they
    /// counted.</summary>
    public void AddWindows(Book book)
    {
        foreach (var (labels, endUser, at) in _spent) book.AddOldWindows(labels, endUser, at, Windows);
        foreach (var id in Endings)
        {
            if (book.Attempt(id) is { Hold: { } hold }) book.AddOldWindows(hold.Scope, hold.EndUser, hold.HeldAt, Windows);
        }

        foreach (var seq in Postings)
        {
            if (book.Posting(seq) is { Usage.Usage: var usage } before) book.AddOldWindows(usage.Labels, usage.EndUser, before.Posting.EffectiveAt, Windows);
        }

        foreach (var seq in UsageSeqs)
        {
            if (book.Recorded(seq) is { } row) book.AddOldWindows(row.Usage.Labels, row.Usage.EndUser, row.EffectiveAt, Windows);
        }
    }

    internal void Attempt(AttemptId id)
    {
        if (id.CompareTo(_newest) <= 0) Attempts.Add(id);
    }

    internal void Ending(AttemptId id)
    {
        Attempt(id);
        Endings.Add(id);
    }

    internal void Spent(UsageLabels labels, string? endUser, Instant at) => _spent.Add((labels, endUser, at));

    internal void Command(string org, string id) => Commands.Add((org, id));

    internal void Posting(long seq) => Postings.Add(seq);

    internal void Recorded(long seq) => UsageSeqs.Add(seq);

    internal void Object(string org, ObjectKind kind, string id) => Objects.Add((org, kind, id));

    internal void Message(string org, string id) => Messages.Add((org, id));

    internal void Record(RecordKey key) => Records.Add(key);

    internal void Leave(long listed) => LeavesAfter = listed;

    internal void Lineage(string org, string operation, LineageAppend step) => (step.IsNew ? NewLineages : Lineages).Add((org, operation, step.Row.Issuance));

    private void Clear()
    {
        _spent.Clear();
        Attempts.Clear();
        Endings.Clear();
        Commands.Clear();
        Postings.Clear();
        UsageSeqs.Clear();
        Objects.Clear();
        Messages.Clear();
        Records.Clear();
        Lineages.Clear();
        NewLineages.Clear();
        Windows.Clear();
        LeavesAfter = null;
    }
}
