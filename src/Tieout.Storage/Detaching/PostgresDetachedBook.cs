using System.Data;
using System.Diagnostics;
using Npgsql;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>One bucket while months leave it. Each statement names the bucket, and rows are removed in transactions of bounded size.</summary>
internal sealed class PostgresDetachedBook(PostgresConnections connections, Bucket bucket, RemovalPace pace) : IDetachableBook
{
    /// <summary>The rows of a table that stay: a cut is <c>$2</c>.</summary>
    private const string Stay = "SELECT s.seq FROM detached_stay s WHERE s.bucket = $1 AND s.cut = $2 AND s.of_table";

    private static readonly Table<StayRow> Stays = new Table<StayTable, StayRow>();
    private static readonly Table<DetachedId> Ids = new Table<DetachedIdsTable, DetachedId>("ON CONFLICT DO NOTHING");
    private static readonly Table<InCut<Account>> Accounts = new Table<CutTable<AccountFiguresTable, Account>, InCut<Account>>();
    private static readonly Table<InCut<BudgetWindow>> Windows = new Table<CutTable<WindowsTable, BudgetWindow>, InCut<BudgetWindow>>();
    private static readonly Table<InCut<CellChange>> Cells = new Table<CutTable<CellsTable, CellChange>, InCut<CellChange>>();

    public int Bucket => bucket.Number;

    public Task<T> ReadAsync<T>(Func<ILedgerTables, T> read) => connections.ReadAsync(tables =>
    {
        tables.Show(Bucket);
        return read(tables);
    });

    public Task<FiguresAtCut> FiguresAsync(long cut) => ReadAsync(tables => CutFigures.Compute(tables, cut));

    public async ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken)
    {
        var outcomes = await bucket.SubmitAsync([command], cancellationToken);
        pace.AfterRecord?.Invoke();
        return outcomes[0];
    }

    public Task<long> ListStayAsync(Sequences last) => connections.AloneAsync(async connection =>
    {
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var listed = (await AskAsync(connection, "SELECT last_posting FROM heads WHERE bucket = $1"))[0];
        var holds = await AskAsync(connection, """
            SELECT h.seq FROM holds h LEFT JOIN hold_ends e ON e.bucket = $1 AND e.hold = h.seq
            WHERE h.bucket = $1 AND h.seq <= $2 AND (e.hold IS NULL OR e.commit_no > $3)
            """, last.Hold, last.Commit);

        // What is not in its usage's commit, so the index of such postings has all of them.
        const string later = "p.bucket = $1 AND p.seq > $2 AND p.kind >= 3 AND p.command_id IS NOT NULL";
        var usage = await AskAsync(
            connection, $"SELECT DISTINCT p.usage_seq FROM postings p WHERE {later} AND p.usage_seq BETWEEN 1 AND $3", last.Posting, last.Usage);
        var reversed = await AskAsync(
            connection, $"SELECT DISTINCT p.reverses FROM postings p WHERE {later} AND p.reverses BETWEEN 1 AND $3", last.Posting, last.Posting);
        var postings = usage.Count + reversed.Count == 0 ? [] : await AskAsync(
            connection, "SELECT p.seq FROM postings p WHERE p.bucket = $1 AND p.seq <= $2 AND (p.usage_seq = ANY($3) OR p.seq = ANY($4))",
            last.Posting, usage.ToArray(), reversed.ToArray());
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("DELETE FROM detached_stay WHERE bucket = $1 AND cut = $2", Bucket, last.Commit);
        foreach (var (table, rows) in (ReadOnlySpan<(string, List<long>)>)[("holds", holds), ("usage", usage), ("postings", postings)])
        {
            Stays.Insert(batch, Bucket, [.. rows.Select(seq => new StayRow(last.Commit, table, seq))]);
        }

        await batch.ExecuteNonQueryAsync();
        await moment.CommitAsync();
        return listed;
    });

    public Task CopyIdsAsync(Sequences last) => connections.AloneAsync(async connection =>
    {
        // Read and written apart: rows that a statement selects go through the coordinator of a distributed database.
        for (var from = 0L; from < last.Usage; from += pace.BatchRows)
        {
            await CopyIdsAsync(connection, $"""
                SELECT u.id, u.attribution, u.seq, coalesce(h.seq, 0) FROM usage u LEFT JOIN holds h ON h.bucket = $1 AND h.id = u.id
                WHERE u.bucket = $1 AND u.seq > $3 AND u.seq <= $4 AND u.seq NOT IN ({Stay} = 'usage')
                """, last.Commit, from, Math.Min(last.Usage, from + pace.BatchRows));
        }

        for (var from = 0L; from < last.Hold; from += pace.BatchRows)
        {
            await CopyIdsAsync(connection, $"""
                SELECT h.id, h.attribution, 0::bigint, h.seq FROM holds h
                WHERE h.bucket = $1 AND h.seq > $3 AND h.seq <= $4 AND h.seq NOT IN ({Stay} = 'holds')
                  AND NOT EXISTS (SELECT 1 FROM usage_ids i WHERE i.bucket = $1 AND i.id = h.id)
                """, last.Commit, from, Math.Min(last.Hold, from + pace.BatchRows));
        }

        return true;
    });

    public Task WriteAsync(long cut, FiguresAtCut figures) => connections.AloneAsync(async connection =>
    {
        await using (var batch = new NpgsqlBatch(connection))
        {
            foreach (var (table, _, _) in FiguresAtCut.Tables) batch.Add($"DELETE FROM {table} WHERE bucket = $1 AND cut = $2", Bucket, cut);
            Accounts.Insert(batch, Bucket, [.. figures.Accounts.Select(row => new InCut<Account>(row, cut))]);
            await batch.ExecuteNonQueryAsync();
        }

        await InsertAsync(connection, Windows, [.. figures.Windows.Select(row => new InCut<BudgetWindow>(row, cut))]);
        await InsertAsync(connection, Cells, [.. figures.Cells.Select(row => new InCut<CellChange>(row, cut))]);
        return true;
    });

    public Task<DetachedRows> LeftAsync(Sequences last) => connections.AloneAsync(async connection =>
    {
        async Task<long> CountAsync(string table, long end) => (await AskAsync(
            connection, $"SELECT count(*) FROM {table} t WHERE t.bucket = $1 AND t.seq <= $3 AND t.seq NOT IN ({Stay} = '{table}')", last.Commit, end))[0];
        return new DetachedRows(
            await CountAsync("usage", last.Usage), await CountAsync("postings", last.Posting), await CountAsync("holds", last.Hold));
    });

    public Task RemoveAsync(Detachment detached, IProgress<long> removed, CancellationToken cancellationToken) => connections.AloneAsync(async connection =>
    {
        var last = detached.Last;
        await RemoveIdsAsync(connection, last, cancellationToken);
        foreach (var (table, end) in (List<(string, long)>)[("postings", last.Posting), ("usage", last.Usage), ("holds", last.Hold)])
        {
            var first = (await AskAsync(
                connection, $"SELECT coalesce(min(t.seq), $3 + 1) FROM {table} t WHERE t.bucket = $1 AND t.seq <= $3 AND t.seq NOT IN ({Stay} = '{table}')",
                last.Commit, end))[0];
            for (; first <= end; first += pace.BatchRows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var began = Stopwatch.GetTimestamp();
                removed.Report(await RemoveAsync(connection, table, last.Commit, first, Math.Min(end, first + pace.BatchRows - 1)));
                pace.AfterBatch?.Invoke();
                await pace.RestAsync(began);
            }
        }

        await using var batch = new NpgsqlBatch(connection);
        foreach (var table in FiguresAtCut.Tables.Select(table => table.Table).Append(StayTable.Name))
        {
            batch.Add($"DELETE FROM {table} WHERE bucket = $1 AND cut < $2", Bucket, last.Commit);
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        return true;
    });

    private async Task<long> RemoveAsync(NpgsqlConnection connection, string table, long cut, long first, long upTo)
    {
        // One transaction: a hold is never without its end.
        await using var batch = new NpgsqlBatch(connection);
        if (table == "holds")
        {
            batch.Add($"DELETE FROM hold_ends WHERE bucket = $1 AND hold BETWEEN $3 AND $4 AND hold NOT IN ({Stay} = 'holds')", Bucket, cut, first, upTo);
        }

        batch.Add($"DELETE FROM {table} WHERE bucket = $1 AND seq BETWEEN $3 AND $4 AND seq NOT IN ({Stay} = '{table}')", Bucket, cut, first, upTo);
        return await batch.ExecuteNonQueryAsync();
    }

    /// <summary>First, so that none is left once the rows are gone. The ids have been copied.</summary>
    private async Task RemoveIdsAsync(NpgsqlConnection connection, Sequences last, CancellationToken cancellationToken)
    {
        for (var (after, more) = (Guid.Empty, true); more;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<Guid> ids;
            await using (var asked = new NpgsqlBatch(connection))
            {
                asked.Add("SELECT id FROM detached_ids WHERE bucket = $1 AND id > $2 ORDER BY id LIMIT $3", Bucket, after, pace.BatchRows);
                await using var reader = await asked.ExecuteReaderAsync(cancellationToken);
                ids = await reader.ListAsync(row => row.Guid(0));
            }

            if (ids.Count == 0) return;
            (after, more) = (ids[^1], ids.Count == pace.BatchRows);
            await using var batch = new NpgsqlBatch(connection);
            batch.Add(
                $"DELETE FROM usage_ids WHERE bucket = $1 AND id = ANY($3) AND seq <= $4 AND seq NOT IN ({Stay} = 'usage')", Bucket, last.Commit, ids.ToArray(),
                last.Usage);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task CopyIdsAsync(NpgsqlConnection connection, string sql, long cut, long after, long upTo)
    {
        List<DetachedId> ids;
        await using (var asked = new NpgsqlBatch(connection))
        {
            asked.Add(sql, Bucket, cut, after, upTo);
            await using var reader = await asked.ExecuteReaderAsync();
            ids = await reader.ListAsync(row => new DetachedId(row.Guid(0), RowReads.Int32(row, 1), row.Int64(2), row.Int64(3)));
        }

        await InsertAsync(connection, Ids, ids);
    }

    private async Task InsertAsync<T>(NpgsqlConnection connection, Table<T> table, IReadOnlyList<T> rows)
    {
        foreach (var some in rows.Chunk(pace.BatchRows))
        {
            await using var batch = new NpgsqlBatch(connection);
            table.Insert(batch, Bucket, some);
            await batch.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Numbers that a statement selects. The bucket is <c>$1</c>.</summary>
    private async Task<List<long>> AskAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(sql, [Bucket, .. values]);
        await using var reader = await batch.ExecuteReaderAsync();
        return await reader.ListAsync(row => row.Int64(0));
    }
}
