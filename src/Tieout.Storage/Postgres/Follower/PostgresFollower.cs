using System.Data;
using Npgsql;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>The follower of all buckets. One node at a time counts a bucket's rows: the bucket's position is part of what it writes, and two that write it at
/// once contradict each other.</summary>
internal sealed class PostgresFollower(PostgresConnections connections, int buckets) : IFollower, IDisposable
{
    // Also those whose commit is another than the counted one: the database was put back.
    private const string Behind =
        "SELECT h.bucket FROM heads h LEFT JOIN follower f ON f.bucket = h.bucket "
        + "WHERE h.commit_no <> coalesce(f.commit_no, 0) OR (h.commit_no > 0 AND h.hash <> f.hash)";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly BookFollower[] _books = [.. Enumerable.Range(0, buckets).Select(_ => new BookFollower())];

    public FollowerStanding Standing => new(
        _books.Sum(book => book.RowsBehind), _books.Sum(book => book.Compared), [.. _books.SelectMany(book => book.Drifts)]);

    public async Task<FollowerProgress> StepAsync(CancellationToken cancellationToken)
    {
        var behind = await connections.AskAsync(BehindAsync);
        var next = Enumerable.Range(0, buckets).Where(bucket => behind.Contains(bucket) || !_books[bucket].IsDone).ToList();
        if (next.Count == 0) return new(0, IsCurrent: true, []);
        return await AloneAsync(connection =>
        {
            var sum = new FollowerProgress(0, IsCurrent: true, []);
            foreach (var bucket in next)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var step = Step(connection, bucket);
                sum = new(sum.Rows + step.Rows, sum.IsCurrent && step.IsCurrent, [.. sum.Drifts, .. step.Drifts]);
            }

            return sum;
        }, cancellationToken);
    }

    public Task ResetAsync(CancellationToken cancellationToken) => AloneAsync(connection =>
    {
        for (var bucket = 0; bucket < buckets; bucket++)
        {
            using var transaction = connection.BeginTransaction();
            new DerivedTables(connection, new(connection, bucket)).Reset();
            transaction.Commit();
        }

        return true;
    }, cancellationToken);

    /// <summary>Drops what was counted of a bucket and counts rows that are no longer in it, up to a commit. The next step goes on with those that
    /// are.</summary>
    /// <returns>How many rows were counted.</returns>
    public Task<long> CountAnewAsync(int bucket, ILedgerTables archived, long through, CancellationToken cancellationToken) => AloneAsync(connection =>
    {
        var (derived, step) = (new DerivedTables(connection, new(connection, bucket)), new FollowerStep());
        In(connection, derived.Reset);
        for (var from = FollowerPosition.Start; ; from = FollowerPosition.Read(derived))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (step.Count(from, archived, through) is not { } counted) return from.Usage + from.Posting;
            In(connection, () => derived.Add(counted, IdRunChange.Of(derived, counted), SketchChange.Of(derived, counted.Sketches)));
        }
    }, cancellationToken);

    public void Dispose() => _gate.Dispose();

    private static void In(NpgsqlConnection connection, Action write)
    {
        using var transaction = connection.BeginTransaction();
        write();
        transaction.Commit();
    }

    private static async Task<HashSet<int>> BehindAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(Behind);
        await using var reader = await batch.ExecuteReaderAsync();
        return [.. await reader.ListAsync(row => (int)row.Int64(0))];
    }

    private FollowerProgress Step(NpgsqlConnection connection, int bucket)
    {
        try
        {
            using var transaction = connection.BeginTransaction(IsolationLevel.RepeatableRead);
            var tables = new BucketRows(connection, bucket);
            var progress = _books[bucket].Step(new DerivedTables(connection, tables), tables, Chain.Last(tables));
            transaction.Commit();
            return progress;
        }
        catch (PostgresException other) when (other.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.UniqueViolation)
        {
            // Another node has just counted the same rows, or dropped what was counted: the next step sees what is left.
            return new(0, IsCurrent: false, []);
        }
    }

    private async Task<T> AloneAsync<T>(Func<NpgsqlConnection, T> run, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await connections.AloneAsync(connection => Task.Run(() => run(connection), cancellationToken));
        }
        finally
        {
            _gate.Release();
        }
    }
}
