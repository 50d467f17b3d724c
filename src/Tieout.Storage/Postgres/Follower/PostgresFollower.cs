using System.Data;
using Npgsql;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>The follower of all buckets. One node at a time counts a bucket's rows: the bucket's position is part of what it writes, and two that write it at
/// once contradict each other.</summary>
/// <param name="lastCommit">The last commit that is known of a bucket; null: nothing is known, and every step asks.</param>
internal sealed class PostgresFollower(PostgresConnections connections, int buckets, Func<int, long>? lastCommit = null) : IFollower, IDisposable
{
    private const long Unknown = -1;

    private readonly SemaphoreSlim _gate = new(1, 1);

    // The commit that was known of each bucket before all of its rows were counted.
    private readonly long[] _counted = [.. Enumerable.Repeat(Unknown, buckets)];
    private readonly BookFollower[] _books = [.. Enumerable.Range(0, buckets).Select(_ => new BookFollower())];

    public FollowerStanding Standing => new(
        _books.Sum(book => book.RowsBehind), _books.Sum(book => book.Compared), [.. _books.SelectMany(book => book.Drifts)]);

    public async Task<FollowerProgress> StepAsync(CancellationToken cancellationToken)
    {
        // A bucket in which nothing was committed since it was counted is not asked.
        var moved = Enumerable.Range(0, buckets).Where(bucket => LastCommit(bucket) != _counted[bucket] || _books[bucket].Drifts.Count > 0).ToList();
        if (moved.Count == 0) return new(0, IsCurrent: true, []);
        return await AloneAsync(connection =>
        {
            var sum = new FollowerProgress(0, IsCurrent: true, []);
            foreach (var bucket in moved)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var commit = LastCommit(bucket);
                var step = Step(connection, bucket);
                if (step.IsCurrent) _counted[bucket] = commit ?? Unknown;
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

        Array.Fill(_counted, Unknown);
        return true;
    }, cancellationToken);

    public void Dispose() => _gate.Dispose();

    private long? LastCommit(int bucket) => lastCommit?.Invoke(bucket);

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
