using Npgsql;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>Recalling, for a batch, what was let go of.</summary>
internal sealed partial class BucketBook
{
    /// <summary>Makes the book hold everything that deciding <paramref name="commands"/> looks at. In the transaction that has the bucket locked.</summary>
    /// <param name="revisited">Gets the ids of attempts that were known before this batch: to be let go of after it.</param>
    public async Task PrefetchAsync(NpgsqlConnection connection, IReadOnlyList<Command> commands, List<AttemptId> revisited)
    {
        var footprint = Book.Begin(commands, _newestId);
        var attempts = footprint.Attempts.Where(id => Book.Attempt(id) is null).Select(id => id.Value).ToArray();
        if (attempts.Length > 0) await RecallAttemptsAsync(connection, attempts, revisited);
        if (footprint.Commands.Count > 0) await RecallCommandsAsync(connection, footprint.Commands);
        if (footprint.Objects.Count > 0) await RecallObjectsAsync(connection, footprint.Objects);
        if (footprint.Messages.Count > 0) await RecallMessagesAsync(connection, footprint.Messages);
        if (footprint.Records.Count > 0) await RecallRecordsAsync(connection, footprint.Records);
        if (footprint.Lineages.Count > 0) await RecallLineagesAsync(connection, footprint.Lineages);
        if (footprint.LeavesAfter is { } listed) await RecallCorrectionAsync(connection, listed);
        foreach (var seq in footprint.Postings)
        {
            if (Book.Detached is { } gone && gone.HasPosting(seq) && !await StaysAsync(connection, gone, "postings", seq)) continue;
            if (await PostedBeforeAsync(connection, seq) is not { } before) continue;
            lock (_gate) Book.Recall(before);
        }

        foreach (var seq in footprint.UsageSeqs)
        {
            if (Book.Detached is { } gone && gone.HasUsage(seq) && !await StaysAsync(connection, gone, "usage", seq)) continue;
            if (await RecordedAsync(connection, seq) is not { } row) continue;
            lock (_gate) Book.Recall(row);
        }

        footprint.AddWindows(Book);
        var windows = footprint.Windows.Where(key => Book.Window(key) is null).ToArray();
        if (windows.Length > 0) await RecallWindowsAsync(connection, windows);
    }

    private async Task RecallAttemptsAsync(NpgsqlConnection connection, Guid[] wanted, List<AttemptId> revisited)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"SELECT {RowReads.UsageColumns} FROM {UsageMonths.ById("$1")} WHERE i.bucket = $1 AND i.id = ANY($2)", bucket, wanted);
        batch.Add($"SELECT {RowReads.HoldColumns}, coalesce(e.state, 0) FROM holds h LEFT JOIN hold_ends e ON e.bucket = $1 AND e.hold = h.seq WHERE h.bucket = $1 AND h.id = ANY($2)", bucket, wanted);
        if (Book.Detached is not null) batch.Add("SELECT id FROM detached_ids WHERE bucket = $1 AND id = ANY($2)", bucket, wanted);
        await using var reader = await batch.ExecuteReaderAsync();
        var used = (await reader.ListAsync(row => RowReads.Usage(row, Labels))).ToDictionary(row => row.Usage.Id);
        var held = (await reader.ListAsync(row => (RowReads.Hold(row, Labels).Hold, State: (HoldState)row.Int64(9)))).ToDictionary(row => row.Hold.Id);
        var detached = Book.Detached is null ? [] : await reader.ListAsync(row => new AttemptId(row.Guid(0)));
        lock (_gate)
        {
            foreach (var id in detached.Where(id => !held.ContainsKey(id) && !used.ContainsKey(id)))
            {
                Book.Recall(id, Attempt.Archived);
                revisited.Add(id);
            }

            foreach (var id in held.Keys.Union(used.Keys))
            {
                Book.Recall(id,
                    held.TryGetValue(id, out var hold) ? new(hold.Hold, hold.State, used.GetValueOrDefault(id)) : new(Hold: null, HoldState.Settled, used[id]));
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

    private async Task RecallMessagesAsync(NpgsqlConnection connection, HashSet<(string Org, string Id)> ids)
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
            SELECT {RowReads.ObjectColumns}, {RowReads.ObjectEndColumns} FROM objects o LEFT JOIN object_ends e ON e.bucket = $1 AND e.object = o.seq
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

    private async Task RecallRecordsAsync(NpgsqlConnection connection, HashSet<RecordKey> keys)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            $"""
            SELECT DISTINCT ON (kind, org, name) {RowReads.RecordColumns} FROM records
            WHERE bucket = $1 AND (kind, org, name) IN (SELECT * FROM unnest($2::int[], $3::text[], $4::text[]))
            ORDER BY kind, org, name, seq DESC
            """,
            bucket, keys.Select(key => (int)key.Kind).ToArray(), keys.Select(key => key.Org).ToArray(), keys.Select(key => key.Name).ToArray());
        await using var reader = await batch.ExecuteReaderAsync();
        var rows = await reader.ListAsync(RowReads.Record);
        lock (_gate)
        {
            foreach (var row in rows) Book.Recall(row);
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
        var heads = await reader.ListAsync(row => (Org: row.Text(0), Operation: row.Text(1), Issuance: row.Text(2),
            Head: new LineageHead(RowReads.Int32(row, 3), row.Bytes(4).ToArray(), row.Bytes(5).ToArray())));
        lock (_gate)
        {
            foreach (var (org, operation, issuance, head) in heads) Book.Recall(org, operation, issuance, head);
        }
    }

    private async Task RecallWindowsAsync(NpgsqlConnection connection, WindowKey[] keys)
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
        batch.Add($"SELECT {RowReads.UsageColumns} FROM postings p JOIN usage u ON {UsageMonths.OfPosting("$1")} WHERE p.bucket = $1 AND p.seq = $2", bucket,
            seq);
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
}
