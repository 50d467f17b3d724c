using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>One bucket's book in this node's memory, at the commit it stands at, and how it catches up with what other nodes wrote.</summary>
/// <remarks>
/// Changed only by whoever has the bucket's turn, and under its lock, so that readers may look at any time. It never runs ahead of
/// what is durable. What is in it and what is recalled for a batch are as in the embedded store's <see cref="StoredBook"/>.
/// </remarks>
internal sealed partial class BucketBook(int bucket)
{
    private const int HoldsBetweenLooks = 1_000;

    private readonly Lock _gate = new();
    private readonly List<UsageLabels?> _labels = [null];

    // No stored id is above it, so an id above it is new and need not be looked up. Ids are time-ordered, so most are.
    private AttemptId _newestId;
    private long _firstOpenHold = 1;
    private long _lookedAtHold;

    /// <summary>For whoever has the turn.</summary>
    public Book Book { get; } = new() { Prefetched = new() };

    /// <summary>When the last commit was recorded: nothing is recorded before it.</summary>
    public Instant LastRecordedAt { get; private set; }

    /// <summary>Looks at the book between two commits. Keep it short: commits wait for it.</summary>
    public T Read<T>(Func<Book, T> read)
    {
        lock (_gate) return read(Book);
    }

    public bool StandsAt(Head head) => Book.Last.Commit == head.Chain.Commit && Book.ChainHash.AsSpan().SequenceEqual(head.Chain.Hash);

    /// <summary>No open hold comes before it, so a start need not look at those. For whoever has the turn; looked up anew when many have come since.</summary>
    public long FirstOpenHold()
    {
        if (Book.Last.Hold - _lookedAtHold < HoldsBetweenLooks) return _firstOpenHold;
        _lookedAtHold = Book.Last.Hold;
        return _firstOpenHold = Book.Attempts.Values.Where(attempt => attempt is { State: HoldState.Open, Hold: not null })
            .Select(attempt => attempt.Hold!.Seq).DefaultIfEmpty(Book.Last.Hold + 1).Min();
    }

    /// <summary>Takes in what is durable now, and lets go of what need not be in memory.</summary>
    public void Apply(WriteSet writes, IReadOnlyList<BudgetWindow> backfilled, List<AttemptId> revisited)
    {
        lock (_gate)
        {
            Book.Apply(writes);
            foreach (var window in backfilled) Book.Recall(window);
            LastRecordedAt = writes.Chain.RecordedAt;
            foreach (var row in writes.Labels) Number(row);
            foreach (var row in writes.Holds) See(row.Hold.Id);
            foreach (var row in writes.Usage) See(row.Usage.Id);
            foreach (var end in writes.HoldsEnded) Forget(end.Hold.Id);
            foreach (var row in writes.Usage) Forget(row.Usage.Id);
            Forget(revisited);
        }
    }

    /// <summary>Lets go of what was recalled for a batch.</summary>
    public void Forget(List<AttemptId> revisited)
    {
        lock (_gate)
        {
            foreach (var id in revisited) Forget(id);
            Book.ForgetRecalled();
            Book.ForgetObjects();
        }
    }

    /// <summary>Lets go of windows that have long been over.</summary>
    public void LetGo(Instant now)
    {
        var from = now - StoredBook.WindowsKept;
        lock (_gate)
        {
            foreach (var key in Book.Windows.Values.Where(window => window.End <= from && window.Held == Amount.Zero).Select(window => window.Key).ToList())
            {
                Book.Forget(key);
            }

            Book.WindowsFrom = from;
        }
    }

    /// <exception cref="StoreCorruptException">No such labels were ever stored.</exception>
    private UsageLabels Labels(int no) =>
        no > 0 && no < _labels.Count && _labels[no] is { } labels
            ? labels : throw new StoreCorruptException($"A row of bucket {bucket} names attribution {no}, which does not exist.");

    private void Number(LabelsRow row)
    {
        while (_labels.Count <= row.No) _labels.Add(null);
        _labels[row.No] = row.Labels;
    }

    private void See(AttemptId id)
    {
        if (id.CompareTo(_newestId) > 0) _newestId = id;
    }

    private void Forget(AttemptId id)
    {
        if (Book.Attempt(id) is { State: not HoldState.Open }) Book.Forget(id);
    }

    private string OrgOf(int account) =>
        Book.Accounts.TryGetValue(account, out var known)
            ? known.Org : throw new StoreCorruptException($"A posting of bucket {bucket} names account {account}, which does not exist.");
}
