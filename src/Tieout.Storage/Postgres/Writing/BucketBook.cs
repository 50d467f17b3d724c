using Npgsql;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;
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
    public Book Book { get; } = new();

    /// <summary>When the last commit was recorded: nothing is recorded before it.</summary>
    public Instant LastRecordedAt { get; private set; }

    /// <summary>Looks at the book between two commits. Keep it short: commits wait for it.</summary>
    public T Read<T>(Func<Book, T> read)
    {
        lock (_gate) return read(Book);
    }

    public bool StandsAt(Head head) => Book.Last.Commit == head.Chain.Commit && Book.ChainHash.AsSpan().SequenceEqual(head.Chain.Hash);

    /// <summary>Reads what came after the commit it stands at, up to <paramref name="head"/>; from nothing, all that must be in memory.</summary>
    /// <param name="connection">In a transaction in which the bucket stays as it is.</param>
    /// <returns>False, and nothing is taken in: the commit it stands at is not in the chain. It cannot be brought up, only read anew.</returns>
    public async Task<bool> CatchUpAsync(NpgsqlConnection connection, Head head, Instant now)
    {
        var last = Book.Last;
        var isNew = last.Commit == 0;
        if (isNew) Book.WindowsFrom = now - StoredBook.WindowsKept;
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT hash FROM chain WHERE bucket = $1 AND commit_no = $2", bucket, last.Commit);

        // Numbers without a gap say which tables have nothing new: with two nodes in turn, half of all commits come here first.
        var (hasSettings, hasLabels, hasPrices) = (head.Chain.Last.Setting > last.Setting, head.Chain.Last.Labels > last.Labels, head.Chain.Last.Price > last.Price);
        var (hasHolds, hasUsage) = (head.Chain.Last.Hold > last.Hold, head.Chain.Last.Usage > last.Usage);
        if (hasSettings) batch.Add($"SELECT {RowReads.SettingColumns} FROM settings WHERE bucket = $1 AND seq > $2 ORDER BY seq", bucket, last.Setting);
        if (hasLabels) batch.Add($"SELECT {RowReads.LabelsColumns} FROM attributions WHERE bucket = $1 AND no > $2 ORDER BY no", bucket, last.Labels);
        if (hasPrices) batch.Add("SELECT no, body, crc FROM prices WHERE bucket = $1 AND no > $2 ORDER BY no", bucket, last.Price);
        batch.Add("SELECT no, debits, credits, held, version, grants FROM accounts WHERE bucket = $1 AND commit_no > $2", bucket, last.Commit);
        batch.Add(
            isNew
                ? $"SELECT {RowReads.WindowColumns} FROM windows WHERE bucket = $1 AND (end_at > $2 OR held <> 0)"
                : $"SELECT {RowReads.WindowColumns} FROM windows WHERE bucket = $1 AND commit_no > $2", bucket, isNew ? Book.WindowsFrom.UnixMicros : last.Commit);
        if (hasHolds)
        {
            batch.Add(
                $"SELECT {RowReads.HoldColumns} FROM holds h WHERE h.bucket = $1 AND h.seq > $2 AND NOT EXISTS (SELECT 1 FROM hold_ends e WHERE e.bucket = h.bucket AND e.hold = h.seq) ORDER BY h.seq",
                bucket, Math.Max(last.Hold, head.FirstOpenHold - 1));
        }

        batch.Add(
            "SELECT h.id FROM hold_ends e JOIN holds h ON h.bucket = e.bucket AND h.seq = e.hold WHERE e.bucket = $1 AND e.commit_no > $2 AND e.hold <= $3",
            bucket, isNew ? long.MaxValue : last.Commit, last.Hold);
        if (hasHolds) batch.Add("SELECT id FROM holds WHERE bucket = $1 ORDER BY id DESC LIMIT 1", bucket);
        if (hasUsage) batch.Add("SELECT id FROM usage_ids WHERE bucket = $1 ORDER BY id DESC LIMIT 1", bucket);

        await using var reader = await batch.ExecuteReaderAsync();
        var isKnown = (await reader.ListAsync(row => row.Bytes(0).SequenceEqual(Book.ChainHash))).SingleOrDefault();
        if (!isKnown && !isNew) return false;
        var settings = hasSettings ? await reader.ListAsync(RowReads.Setting) : [];
        var labels = hasLabels ? await reader.ListAsync(RowReads.Labels) : [];
        foreach (var row in labels) Number(row);
        var prices = hasPrices ? await reader.ListAsync(RowReads.Price) : [];
        var accounts = await reader.ListAsync(StoredAccount.Read);
        var windows = await reader.ListAsync(RowReads.Window);
        var holds = hasHolds ? await reader.ListAsync(row => RowReads.Hold(row, Labels).Hold) : [];
        var ended = await reader.ListAsync(row => new AttemptId(row.Guid(0)));
        List<Guid> newest = [.. hasHolds ? await reader.ListAsync(row => row.Guid(0)) : [], .. hasUsage ? await reader.ListAsync(row => row.Guid(0)) : []];
        lock (_gate)
        {
            foreach (var row in settings) Book.Recall(row);
            foreach (var row in labels) Book.Recall(row);
            foreach (var row in prices) Book.Recall(row);
            foreach (var account in accounts) Book.Recall(account.Of(Book));
            foreach (var window in windows) Book.Recall(window);
            foreach (var hold in holds) Book.Recall(hold.Id, new(hold, HoldState.Open, Usage: null));
            foreach (var id in ended) Book.Forget(id);
            foreach (var id in newest) See(new(id));
            Book.Recall(head.Chain.Last, head.Chain.Hash);
            LastRecordedAt = head.Chain.RecordedAt;
            _firstOpenHold = Math.Max(_firstOpenHold, head.FirstOpenHold);
        }

        return true;
    }

    /// <summary>No open hold comes before it, so a start need not look at those. For whoever has the turn; looked up anew when many have come since.</summary>
    public long FirstOpenHold()
    {
        if (Book.Last.Hold - _lookedAtHold < HoldsBetweenLooks) return _firstOpenHold;
        _lookedAtHold = Book.Last.Hold;
        return _firstOpenHold = Book.Attempts.Values.Where(attempt => attempt is { State: HoldState.Open, Hold: not null }).Select(attempt => attempt.Hold!.Seq).DefaultIfEmpty(Book.Last.Hold + 1).Min();
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
            foreach (var key in Book.Windows.Values.Where(window => window.End <= from && window.Held == Amount.Zero).Select(window => window.Key).ToList()) Book.Forget(key);
            Book.WindowsFrom = from;
        }
    }

    /// <exception cref="StoreCorruptException">No such labels were ever stored.</exception>
    private UsageLabels Labels(int no) =>
        no > 0 && no < _labels.Count && _labels[no] is { } labels ? labels : throw new StoreCorruptException($"A row of bucket {bucket} names attribution {no}, which is not there.");

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
        Book.Accounts.TryGetValue(account, out var known) ? known.Org : throw new StoreCorruptException($"A posting of bucket {bucket} names account {account}, which is not there.");
}
