using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Postgres.Moving;

/// <summary>Moves an embedded ledger to PostgreSQL, row by row as it is: numbers, CRCs and the hash chain stay what they were.</summary>
/// <remarks>So the database gets one bucket, since the chain is one. It cannot be spread afterwards; a new database can.</remarks>
public static class MoveFromSqlite
{
    private const int PageRows = 5_000;

    private static readonly UsageLabels Nobody = new() { Org = "", Source = UsageSource.Gateway };

    /// <param name="folder">The data folder. Nobody may have it open meanwhile; it stays as it is.</param>
    /// <param name="store">An empty database.</param>
    /// <returns>The last commit, and its hash, which both now have.</returns>
    /// <exception cref="DataFolderInUseException">A server has it.</exception>
    /// <exception cref="StoreUnavailableException">Either side cannot be had, or the database is not empty. Nothing was moved: it is one
    /// transaction.</exception>
    public static async Task<(long Commit, string Hash)> RunAsync(
        string folder, string store, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        await using var ledger = SqliteLedger.Open(folder);
        if (ledger.Book?.Detached is { } detached)
        {
            throw new StoreUnavailableException(
                $"{detached.Sentence} A ledger without them cannot be moved: move the backup from before they were detached.", StoreEffect.None,
                StoreFault.NotWritable);
        }

        await ledger.FlushAsync();
        using var connections = new PostgresConnections(store);
        return await connections.AloneAsync(async connection =>
        {
            var layout = await PostgresSchema.MigrateAsync(connection, buckets: 1, cancellationToken);
            var head = await PostgresConnections.HeadAsync(connection, bucket: 0);
            if (layout.All != 1 || head.Chain.Commit != 0)
            {
                throw new StoreUnavailableException("The database has a ledger already. Give an empty one.", StoreEffect.None, StoreFault.NotWritable);
            }

            using var source = RawConnection.Open(ledger.Store.Database, readOnly: true);
            await UsageMonths.MakeAsync(connection, since: source.ReadInt64("SELECT coalesce(min(recorded_at), 0) FROM usage"), cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            using var buffer = new CopyBuffer();
            var move = new Move(source, connection, buffer, progress, ledger.Book!, cancellationToken);
            await move.RowsAsync();
            var chain = await move.StandingAsync();
            await MoveDeliveries.RunAsync(source, connection, cancellationToken);
            await MoveKeyUses.RunAsync(source, connection, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return (chain.Commit, Convert.ToHexStringLower(chain.Hash));
        });
    }

    /// <summary>Moves table after table, page by page.</summary>
    private sealed class Move(
        RawConnection source, NpgsqlConnection target, CopyBuffer buffer, IProgress<RowProgress>? progress, Book book, CancellationToken cancellationToken)
    {
        private readonly long _rows = book.Last.Usage + book.Last.Posting + book.Last.Hold + book.Last.Commit + 1;
        private long _moved;

        public async Task RowsAsync()
        {
            foreach (var copy in ChainedTables.Each(new Copies(this))) await copy();
            await CopyAsync(Tables.UsageIds, TableRows.Select<UsageTable, UsageRow>(), RowReads.Readers.OfCopies.Of<UsageRow>());
            await CopyAsync(Tables.Chain, $"SELECT {RowReads.ChainColumns} FROM chain ORDER BY commit_no", row => RowReads.Chain(row, []));
        }

        /// <summary>Accounts, windows and cells as they stand, and where the chain ends.</summary>
        public async Task<ChainRow> StandingAsync()
        {
            var commit = book.Last.Commit;
            await WriteAsync(Tables.Accounts, [.. book.Accounts.Values.Select(account => new InCommit<Account>(account, commit))]);
            await CopyAsync(
                Tables.Windows, $"SELECT {RowReads.WindowColumns} FROM windows", row => new InCommit<Core.Budgets.BudgetWindow>(RowReads.Window(row), commit));
            await CopyAsync(
                Tables.Cells,
                $"SELECT {CellFigures.Names} FROM cells",
                row => Standings.Cell(row, _ => Nobody).Sums);
            var firstOpenHold = book.Attempts.Values.Where(attempt => attempt is { State: HoldState.Open, Hold: not null })
                .Select(attempt => attempt.Hold!.Seq).DefaultIfEmpty(book.Last.Hold + 1).Min();
            var chain = new ChainRow(commit, [], book.ChainHash, book.Last.Commit == 0 ? default : RecordedAt(), book.Last);
            await using var batch = new NpgsqlBatch(target);
            BucketCommit.MoveHead(batch, bucket: 0, chain, firstOpenHold);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            progress?.Report(new(_rows, _rows));
            return chain;
        }

        private Core.Instant RecordedAt()
        {
            using var s = source.Prepare("SELECT recorded_at FROM chain ORDER BY commit_no DESC LIMIT 1");
            return s.Step() ? RowReads.Time(s, 0) : default;
        }

        private Task CopyAsync<T>(Table<T> table, string sql, Func<IRow, T> read) =>
            PagesAsync(sql, read, page => table.CopyAsync(target, buffer, bucket: 0, page));

        private async Task WriteAsync<T>(Table<T> table, List<T> rows)
        {
            await using var batch = new NpgsqlBatch(target);
            table.Insert(batch, bucket: 0, rows);
            if (rows.Count > 0) await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        private async Task PagesAsync<T>(string sql, Func<IRow, T> read, Func<List<T>, Task> write)
        {
            using var s = source.Prepare(sql);
            var page = new List<T>(PageRows);
            for (var more = true; more;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                page.Clear();
                while (page.Count < PageRows && (more = s.Step())) page.Add(read(s));
                if (page.Count > 0) await write(page);
                _moved += page.Count;
                progress?.Report(new(_moved, Math.Max(_moved, _rows)));
            }
        }

        private sealed class Copies(Move move) : IChainedTableVisitor<Func<Task>>
        {
            public Func<Task> Visit<TTable, TRow>()
                where TTable : struct, IChainedTable<TRow>
                where TRow : ChainedRow =>
                () => move.CopyAsync(new Table<TTable, TRow>(), TableRows.Select<TTable, TRow>(), RowReads.Readers.OfCopies.Of<TRow>());
        }
    }
}
