using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite;

/// <summary>The book that decisions are made on, kept in memory, and how it gets from the store what it does not hold. For the thread that decides.</summary>
/// <remarks>
/// In memory: what governs, accounts, labels, prices, open holds, and windows that have not been over for long. Everything
/// else is recalled for the batch that asks for it and let go again, so memory does not grow with the number of charges.
/// </remarks>
internal sealed partial class StoredBook : IStoredBook
{
    /// <summary>How long after its end a window stays in memory: longer than nearly every hold, so that settling need not read.</summary>
    public static readonly TimeSpan WindowsKept = TimeSpan.FromHours(1);

    private readonly StoredRows _rows;
    private readonly StoredAttempts _besideCommits;
    private readonly StoredAttempts _betweenCommits;
    private StoredAttempts _attempts;

    // No stored id is above it, so an id above it is new and need not be looked up. Ids are time-ordered, so most are.
    private AttemptId _newestId;

    private StoredBook(Book book, StoredRows rows, RawConnection reads, RawConnection writes)
    {
        Book = book;
        _rows = rows;
        _besideCommits = _attempts = new(reads, rows.Labels);
        _betweenCommits = new(writes, rows.Labels);
    }

    public Book Book { get; }

    /// <summary>Makes the book hold everything that deciding <paramref name="commands"/> looks at.</summary>
    /// <param name="revisited">Gets the ids of attempts that were known before this batch: to be let go of when it is durable.</param>
    /// <param name="isCommitting">Whether a commit is under way. If not, the committing thread's connection is free, and it has the pages of the ids
    /// in its memory, where the other's are void after each commit.</param>
    public void Prefetch(IReadOnlyList<Command> commands, List<AttemptId> revisited, bool isCommitting)
    {
        _attempts = isCommitting ? _besideCommits : _betweenCommits;
        try
        {
            Recall(Book.Begin(commands, _newestId), revisited);
        }
        finally
        {
            _attempts.EndReading();
        }
    }

    /// <summary>Takes in what was decided.</summary>
    public void Apply(WriteSet writes)
    {
        Book.Apply(writes);
        foreach (var row in writes.Labels) _rows.Add(row);
        foreach (var row in writes.Holds) See(row.Hold.Id);
        foreach (var row in writes.Usage) See(row.Usage.Id);
    }

    /// <summary>Lets go of an attempt unless its hold is open. Only when all that is known of it is durable.</summary>
    public void Forget(AttemptId id)
    {
        if (Book.Attempt(id) is { State: not HoldState.Open }) Book.Forget(id);
    }

    /// <summary>Lets go of windows that have long been over and of money commands. Only when nothing is in flight and all is flushed.</summary>
    /// <returns>The windows let go of.</returns>
    public List<WindowKey> LetGo(Instant now)
    {
        Book.ForgetRecalled();
        var from = now - WindowsKept;
        var over = Book.Windows.Values.Where(window => window.End <= from && window.Held == Amount.Zero).Select(window => window.Key).ToList();
        foreach (var key in over) Book.Forget(key);
        Book.WindowsFrom = from;
        return over;
    }

    public void Dispose()
    {
        _rows.Dispose();
        _besideCommits.Dispose();
        _betweenCommits.Dispose();
    }

    private void Recall(Footprint footprint, List<AttemptId> revisited)
    {
        foreach (var id in footprint.Attempts) Recall(id, revisited);
        foreach (var (org, id) in footprint.Commands) RecallCommand(org, id);
        foreach (var (org, kind, id) in footprint.Objects) RecallObject(org, kind, id);
        foreach (var (org, id) in footprint.Messages) RecallMessage(org, id);
        foreach (var key in footprint.Records) RecallRecord(key);
        foreach (var (org, operation, issuance) in footprint.Lineages) RecallLineage(org, operation, issuance);
        foreach (var seq in footprint.Postings)
        {
            if (!IsLeaving("postings", seq) && _rows.Posting(seq, OrgOf) is { } before) Book.Recall(before);
        }

        foreach (var seq in footprint.UsageSeqs)
        {
            if (!IsLeaving("usage", seq) && _rows.Usage(seq) is { } recorded) Book.Recall(recorded);
        }

        if (footprint.LeavesAfter is { } listed) Book.RecallCorrection(_rows.Correction(listed));

        footprint.AddWindows(Book);
        foreach (var key in footprint.Windows) RecallWindow(key);
    }

    /// <summary>Rows of detached months are there until they are removed, and nothing is decided on them any more.</summary>
    private bool IsLeaving(string table, long seq) =>
        Book.Detached is { } gone && (table == "usage" ? gone.HasUsage(seq) : gone.HasPosting(seq)) && !_rows.Stays(gone.Last.Commit, table, seq);

    private void See(AttemptId id)
    {
        if (id.CompareTo(_newestId) > 0) _newestId = id;
    }

    private void Recall(AttemptId id, List<AttemptId> revisited)
    {
        if (Book.Attempt(id) is null)
        {
            if (_attempts.Find(id, Book.Detached is not null) is not { } known) return;
            Book.Recall(id, known);
        }

        revisited.Add(id);
    }

    private void RecallCommand(string org, string id)
    {
        if (Book.Command(org, id) is null && _rows.Command(org, id) is { } row) Book.Recall(row);
    }

    private void RecallMessage(string org, string id)
    {
        if (Book.Announced(org, id) is null && _rows.Announced(org, id) is { } row) Book.Recall(row);
    }

    private void RecallRecord(RecordKey key)
    {
        if (Book.Record(key) is null && _rows.Record(key) is { } row) Book.Recall(row);
    }

    private void RecallObject(string org, ObjectKind kind, string id)
    {
        if (Book.Object(org, kind, id) is null && _rows.Object(org, kind, id) is { } kept) Book.Recall(kept);
    }

    private void RecallWindow(WindowKey key)
    {
        if (Book.Window(key) is null && _rows.Window(key) is { } window) Book.Recall(window);
    }

    private void RecallLineage(string org, string operation, string issuance)
    {
        if (Book.LineageHead(org, operation, issuance) is null && _rows.LineageHead(org, operation, issuance) is { } head)
        {
            Book.Recall(org, operation, issuance, head);
        }
    }

    private string OrgOf(int account) =>
        Book.Accounts.TryGetValue(account, out var known)
            ? known.Org : throw new StoreCorruptException($"A posting names account {account}, which does not exist.");
}
