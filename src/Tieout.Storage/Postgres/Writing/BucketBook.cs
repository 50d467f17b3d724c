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
internal sealed class BucketBook(int bucket)
{
    private readonly Lock _gate = new();
    private readonly List<UsageLabels?> _labels = [null];

    // No stored id is above it, so an id above it is new and need not be looked up. Ids are time-ordered, so most are.
    private AttemptId _newestId;

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
        batch.Add($"SELECT {RowReads.SettingColumns} FROM settings WHERE bucket = $1 AND seq > $2 ORDER BY seq", bucket, last.Setting);
        batch.Add($"SELECT {RowReads.LabelsColumns} FROM attributions WHERE bucket = $1 AND no > $2 ORDER BY no", bucket, last.Labels);
        batch.Add("SELECT no, body, crc FROM prices WHERE bucket = $1 AND no > $2 ORDER BY no", bucket, last.Price);
        batch.Add("SELECT no, debits, credits, held, version, grants FROM accounts WHERE bucket = $1 AND commit_no > $2", bucket, last.Commit);
        batch.Add(
            isNew
                ? $"SELECT {RowReads.WindowColumns} FROM windows WHERE bucket = $1 AND (end_at > $2 OR held <> 0)"
                : $"SELECT {RowReads.WindowColumns} FROM windows WHERE bucket = $1 AND commit_no > $2", bucket, isNew ? Book.WindowsFrom.UnixMicros : last.Commit);
        batch.Add(
            $"SELECT {RowReads.HoldColumns} FROM holds h WHERE h.bucket = $1 AND h.seq > $2 AND NOT EXISTS (SELECT 1 FROM hold_ends e WHERE e.bucket = h.bucket AND e.hold = h.seq) ORDER BY h.seq",
            bucket, Math.Max(last.Hold, head.FirstOpenHold - 1));
        batch.Add(
            "SELECT h.id FROM hold_ends e JOIN holds h ON h.bucket = e.bucket AND h.seq = e.hold WHERE e.bucket = $1 AND e.commit_no > $2 AND e.hold <= $3",
            bucket, isNew ? long.MaxValue : last.Commit, last.Hold);
        foreach (var table in (ReadOnlySpan<string>)["usage", "holds"]) batch.Add($"SELECT id FROM {table} WHERE bucket = $1 ORDER BY id DESC LIMIT 1", bucket);

        await using var reader = await batch.ExecuteReaderAsync();
        var isKnown = (await reader.ListAsync(row => row.Bytes(0).SequenceEqual(Book.ChainHash))).SingleOrDefault();
        if (!isKnown && !isNew) return false;
        var settings = await reader.ListAsync(RowReads.Setting);
        var labels = await reader.ListAsync(RowReads.Labels);
        foreach (var row in labels) Number(row);
        var prices = await reader.ListAsync(RowReads.Price);
        var accounts = await reader.ListAsync(StoredAccount.Read);
        var windows = await reader.ListAsync(RowReads.Window);
        var holds = await reader.ListAsync(row => RowReads.Hold(row, Labels).Hold);
        var ended = await reader.ListAsync(row => new AttemptId(row.Guid(0)));
        var newest = (await reader.ListAsync(row => row.Guid(0))).Concat(await reader.ListAsync(row => row.Guid(0))).ToList();
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
        }

        return true;
    }

    /// <summary>Makes the book hold everything that deciding <paramref name="commands"/> looks at. In the transaction that has the bucket locked.</summary>
    /// <param name="revisited">Gets the ids of attempts that were known before this batch: to be let go of after it.</param>
    public async Task PrefetchAsync(NpgsqlConnection connection, IReadOnlyList<Command> commands, List<AttemptId> revisited)
    {
        var wanted = new Wanted();
        for (var i = 0; i < commands.Count; i++) Want(commands[i], wanted);
        if (wanted.Attempts.Count > 0) await RecallAttemptsAsync(connection, wanted.Attempts, revisited);
        foreach (var id in wanted.Ending)
        {
            if (Book.Attempt(id) is { Hold: { } hold }) WantWindows(hold.Scope, hold.EndUser, hold.HeldAt, wanted);
        }

        if (wanted.Commands.Count > 0) await RecallCommandsAsync(connection, wanted.Commands);
        if (wanted.Objects.Count > 0) await RecallObjectsAsync(connection, wanted.Objects);
        if (wanted.Announced.Count > 0) await RecallAnnouncedAsync(connection, wanted.Announced);
        if (wanted.Lineages.Count > 0) await RecallLineagesAsync(connection, wanted.Lineages);
        foreach (var posting in wanted.Postings)
        {
            if (await PostedBeforeAsync(connection, posting) is not { } before) continue;
            lock (_gate) Book.Recall(before);
            if (before.Usage is { } usage) WantWindows(usage.Usage.Labels, usage.Usage.EndUser, before.Posting.EffectiveAt, wanted);
        }

        foreach (var usage in wanted.Recorded)
        {
            if (await RecordedAsync(connection, usage) is not { } row) continue;
            lock (_gate) Book.Recall(row);
            WantWindows(row.Usage.Labels, row.Usage.EndUser, row.EffectiveAt, wanted);
        }

        if (wanted.Windows.Count > 0) await RecallWindowsAsync(connection, wanted.Windows);
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

    private sealed class Wanted
    {
        public HashSet<Guid> Attempts { get; } = [];
        public List<AttemptId> Ending { get; } = [];
        public HashSet<(string Org, string Id)> Commands { get; } = [];
        public HashSet<long> Postings { get; } = [];
        public HashSet<long> Recorded { get; } = [];
        public HashSet<WindowKey> Windows { get; } = [];
        public HashSet<(string Org, ObjectKind Kind, string Id)> Objects { get; } = [];
        public HashSet<(string Org, string Id)> Announced { get; } = [];
        public HashSet<(string Org, string Operation, string Issuance)> Lineages { get; } = [];
        public List<BudgetState> Matching { get; } = [];
    }

    private void Want(Command command, Wanted wanted)
    {
        switch (command)
        {
            case Command.Charge charge:
                WantAttempt(charge.Usage.Usage.Id, wanted);
                WantWindows(charge.Usage.Usage.Labels, charge.Usage.Usage.EndUser, charge.Usage.Usage.OccurredAt, wanted);
                if (charge.Lineage is { IsNew: false } used) wanted.Lineages.Add((charge.Usage.Usage.Labels.Org, charge.Usage.Usage.OperationId, used.Row.Issuance));
                break;
            case Command.PlaceHold hold:
                WantAttempt(hold.Id, wanted);
                if (hold.Lineage is { IsNew: false } held) wanted.Lineages.Add((hold.Labels.Org, hold.OperationId, held.Row.Issuance));
                break;
            case Command.Settle settle:
                WantEnding(settle.Usage.Usage.Id, wanted);
                foreach (var part in settle.Inside) WantAttempt(part.Usage.Id, wanted);
                break;
            case Command.Release release:
                WantEnding(release.Id, wanted);
                break;
            case Command.ExpireHold expire:
                WantEnding(expire.Id, wanted);
                break;
            case Command.TopUp topUp:
                wanted.Commands.Add((topUp.Org, topUp.Id));
                break;
            case Command.Grant grant:
                wanted.Commands.Add((grant.Org, grant.Id));
                break;
            case Command.RecordHop hop:
                wanted.Lineages.Add((hop.Org, hop.OperationId, hop.Lineage.Row.Issuance));
                break;
            case Command.KeepObject { Object: var what }:
                wanted.Objects.Add((what.Org, what.Kind, what.Id));
                break;
            case Command.EndObject end:
                wanted.Objects.Add((end.Org, end.Kind, end.Id));
                break;
            case Command.Announce announce:
                wanted.Announced.Add((announce.Org, announce.Id));
                break;
            case Command.ChargeRecorded charge:
                wanted.Commands.Add((charge.Org, charge.Id));
                wanted.Recorded.Add(charge.Usage);
                break;
            case Command.Correct correct:
                wanted.Commands.Add((correct.Org, correct.Id));
                wanted.Postings.Add(correct.Posting);
                break;
        }
    }

    private void WantAttempt(AttemptId id, Wanted wanted)
    {
        if (id.CompareTo(_newestId) <= 0 && Book.Attempt(id) is null) wanted.Attempts.Add(id.Value);
    }

    private void WantEnding(AttemptId id, Wanted wanted)
    {
        WantAttempt(id, wanted);
        wanted.Ending.Add(id);
    }

    /// <summary>The windows that count something at <paramref name="at"/>, if they are old enough to have been let go of.</summary>
    private void WantWindows(UsageLabels labels, string? endUser, Instant at, Wanted wanted)
    {
        if (at >= Book.WindowsFrom) return;
        wanted.Matching.Clear();
        Book.Budgets.Matching(labels, endUser, wanted.Matching);
        foreach (var budget in wanted.Matching)
        {
            var key = new WindowKey(budget.No, budget.WindowAt(at).Start, budget.IsPerUser ? endUser : null);
            if (Book.Window(key) is null) wanted.Windows.Add(key);
        }
    }

    private async Task RecallAttemptsAsync(NpgsqlConnection connection, HashSet<Guid> ids, List<AttemptId> revisited)
    {
        var wanted = ids.ToArray();
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.bucket = $1 AND u.id = ANY($2)", bucket, wanted);
        batch.Add($"SELECT {RowReads.HoldColumns}, coalesce(e.state, 0) FROM holds h LEFT JOIN hold_ends e ON e.bucket = h.bucket AND e.hold = h.seq WHERE h.bucket = $1 AND h.id = ANY($2)", bucket, wanted);
        await using var reader = await batch.ExecuteReaderAsync();
        var used = (await reader.ListAsync(row => RowReads.Usage(row, Labels))).ToDictionary(row => row.Usage.Id);
        var held = (await reader.ListAsync(row => (RowReads.Hold(row, Labels).Hold, State: (HoldState)row.Int64(9)))).ToDictionary(row => row.Hold.Id);
        lock (_gate)
        {
            foreach (var id in held.Keys.Union(used.Keys))
            {
                Book.Recall(id, held.TryGetValue(id, out var hold) ? new(hold.Hold, hold.State, used.GetValueOrDefault(id)) : new(Hold: null, HoldState.Settled, used[id]));
                revisited.Add(id);
            }
        }
    }

    private async Task RecallCommandsAsync(NpgsqlConnection connection, HashSet<(string Org, string Id)> ids)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            $"SELECT {RowReads.CommandColumns} FROM commands WHERE bucket = $1 AND (org, id) IN (SELECT * FROM unnest($2::text[], $3::text[]))",
            bucket, ids.Select(id => id.Org).ToArray(), ids.Select(id => id.Id).ToArray());
        await using var reader = await batch.ExecuteReaderAsync();
        var rows = await reader.ListAsync(RowReads.Command);
        lock (_gate)
        {
            foreach (var row in rows) Book.Recall(row);
        }
    }

    private async Task RecallAnnouncedAsync(NpgsqlConnection connection, HashSet<(string Org, string Id)> ids)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            $"SELECT {RowReads.OutboxColumns} FROM outbox WHERE bucket = $1 AND (org, id) IN (SELECT * FROM unnest($2::text[], $3::text[])) ORDER BY seq DESC",
            bucket, ids.Select(id => id.Org).ToArray(), ids.Select(id => id.Id).ToArray());
        await using var reader = await batch.ExecuteReaderAsync();
        var rows = await reader.ListAsync(RowReads.Outbox);
        lock (_gate)
        {
            foreach (var row in rows) Book.Recall(row);
        }
    }

    private async Task RecallObjectsAsync(NpgsqlConnection connection, HashSet<(string Org, ObjectKind Kind, string Id)> ids)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            $"""
            SELECT {RowReads.ObjectColumns}, {RowReads.ObjectEndColumns} FROM objects o LEFT JOIN object_ends e ON e.bucket = o.bucket AND e.object = o.seq
            WHERE o.bucket = $1 AND (o.org, o.kind, o.id) IN (SELECT * FROM unnest($2::text[], $3::int[], $4::text[]))
            """,
            bucket, ids.Select(id => id.Org).ToArray(), ids.Select(id => (int)id.Kind).ToArray(), ids.Select(id => id.Id).ToArray());
        await using var reader = await batch.ExecuteReaderAsync();
        var objects = await reader.ListAsync(RowReads.Kept);
        lock (_gate)
        {
            foreach (var kept in objects) Book.Recall(kept);
        }
    }

    private async Task RecallLineagesAsync(NpgsqlConnection connection, HashSet<(string Org, string Operation, string Issuance)> names)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            """
            SELECT DISTINCT ON (operation_id, org, issuance_id) org, operation_id, issuance_id, no, link, token_sha256 FROM lineage
            WHERE bucket = $1 AND (operation_id, org, issuance_id) IN (SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))
            ORDER BY operation_id, org, issuance_id, no DESC
            """,
            bucket, names.Select(name => name.Operation).ToArray(), names.Select(name => name.Org).ToArray(), names.Select(name => name.Issuance).ToArray());
        await using var reader = await batch.ExecuteReaderAsync();
        var heads = await reader.ListAsync(row => (Org: row.Text(0), Operation: row.Text(1), Issuance: row.Text(2), Head: new LineageHead(RowReads.Int32(row, 3), row.Bytes(4).ToArray(), row.Bytes(5).ToArray())));
        lock (_gate)
        {
            foreach (var (org, operation, issuance, head) in heads) Book.Recall(org, operation, issuance, head);
        }
    }

    private async Task RecallWindowsAsync(NpgsqlConnection connection, HashSet<WindowKey> keys)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            $"SELECT {RowReads.WindowColumns} FROM windows WHERE bucket = $1 AND (budget, start_at, each) IN (SELECT * FROM unnest($2::int[], $3::bigint[], $4::text[]))",
            bucket, keys.Select(key => key.Budget).ToArray(), keys.Select(key => key.Start.UnixMicros).ToArray(), keys.Select(key => key.Each ?? "").ToArray());
        await using var reader = await batch.ExecuteReaderAsync();
        var windows = await reader.ListAsync(RowReads.Window);
        lock (_gate)
        {
            foreach (var window in windows) Book.Recall(window);
        }
    }

    private async Task<PostedBefore?> PostedBeforeAsync(NpgsqlConnection connection, long seq)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.bucket = $1 AND p.seq = $2", bucket, seq);
        batch.Add($"SELECT {RowReads.UsageColumns} FROM postings p JOIN usage u ON u.bucket = p.bucket AND u.seq = p.usage_seq WHERE p.bucket = $1 AND p.seq = $2", bucket, seq);
        batch.Add("SELECT 1 FROM postings WHERE bucket = $1 AND reverses = $2 AND reverses > 0 LIMIT 1", bucket, seq);
        await using var reader = await batch.ExecuteReaderAsync();
        var postings = await reader.ListAsync(row => RowReads.Posting(row, OrgOf).Posting);
        var usage = await reader.ListAsync(row => RowReads.Usage(row, Labels));
        var reversals = await reader.ListAsync(_ => true);
        return postings.Count == 0 ? null : new(postings[0], usage.SingleOrDefault(), reversals.Count > 0);
    }

    private async Task<UsageRow?> RecordedAsync(NpgsqlConnection connection, long seq)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.bucket = $1 AND u.seq = $2", bucket, seq);
        await using var reader = await batch.ExecuteReaderAsync();
        return (await reader.ListAsync(row => RowReads.Usage(row, Labels))).SingleOrDefault();
    }

    private string OrgOf(int account) =>
        Book.Accounts.TryGetValue(account, out var known) ? known.Org : throw new StoreCorruptException($"A posting of bucket {bucket} names account {account}, which is not there.");
}

/// <summary>How an account stands, as stored; what else it is, its org says.</summary>
internal sealed record StoredAccount(int No, Amount Debits, Amount Credits, Amount Held, long Version, string Grants)
{
    public static StoredAccount Read(IRow row) => new(RowReads.Int32(row, 0), new(row.Int64(1)), new(row.Int64(2)), new(row.Int64(3)), row.Int64(4), row.Text(5));

    public Account Of(Book book)
    {
        var account = book.Account(No).Copy();
        account.Debits = Debits;
        account.Credits = Credits;
        account.Held = Held;
        account.Version = Version;
        account.Grants = [.. CheckpointTables.ReadGrants(Grants)];
        return account;
    }
}
