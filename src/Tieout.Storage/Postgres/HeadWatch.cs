using System.Diagnostics;
using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres;

/// <summary>Looks at where the buckets end: at once when told that a setting changed, and every so often by itself.</summary>
/// <remarks>Settings and keys are current on every node within <see cref="LookEvery"/>, usually within milliseconds.</remarks>
/// <param name="leads">Whether this node may be the one that does what is done once.</param>
internal sealed class HeadWatch(PostgresConnections connections, Bucket[] buckets, bool leads = true) : IAsyncDisposable
{
    /// <summary>Any number that nobody else uses.</summary>
    private const long JobsLock = 8_432_675_002;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LetGoEvery = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _closing = new();
    private Task _watching = Task.CompletedTask;
    private NpgsqlConnection? _connection;
    private volatile bool _isFirst;

    /// <summary>Σ commits of all buckets, as far as this node knows: what in-memory figures are as of.</summary>
    public long AsOf => buckets.Sum(bucket => bucket.LastCommit);

    /// <summary>Whether this node's session holds the lock of the one that does what is done once.</summary>
    public bool IsLeader => _isFirst;

    /// <summary>Loads every book, then watches.</summary>
    /// <exception cref="StoreUnavailableException">The database cannot be read.</exception>
    public async Task StartAsync()
    {
        await LookAsync(all: true);
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Every book that another node has moved catches up.</summary>
    /// <param name="all">Else only where a setting has changed: figures are compared when they are asked for.</param>
    /// <exception cref="StoreUnavailableException">The database cannot be read.</exception>
    public async Task LookAsync(bool all)
    {
        var asked = Stopwatch.GetTimestamp();
        var heads = await connections.AskAsync(HeadsAsync);
        await Parallel.ForEachAsync(heads, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (head, _) =>
        {
            // A row of a bucket that this layout does not have is damaged, and so is the bucket whose row it was.
            if (head.Bucket < 0 || head.Bucket >= buckets.Length) return;
            var bucket = buckets[head.Bucket];
            if (head.Commit == 0 && bucket.LastCommit == 0) bucket.Loaded();
            if (!bucket.IsLoaded || bucket.LastSetting != head.Setting || (all && bucket.LastCommit != head.Commit)) await bucket.CatchUpAsync(head.Commit);

            // What another node commits from now on is not in it, but all that it had committed when it was asked.
            if (all || bucket.LastCommit == head.Commit) bucket.Checked(asked);
        });
        if (heads.Count == buckets.Length && heads.TrueForAll(head => head.Bucket >= 0 && head.Bucket < buckets.Length)) return;
        foreach (var bucket in buckets.ExceptBy(heads.Select(head => head.Bucket), bucket => bucket.Number)) await bucket.CatchUpAsync(long.MaxValue);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _closing.CancelAsync();
        }
        catch (AggregateException failed) when (failed.InnerExceptions.All(PostgresFailure.IsWorld))
        {
            // The driver's own callback, on a connection that it has just given up. The ledger must close all the same.
        }

        await _watching;
        _closing.Dispose();
    }

    private async Task WatchAsync()
    {
        var lastLetGo = DateTime.UtcNow;
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await ListenAsync();
                await _connection!.WaitAsync(LookEvery, _closing.Token);

                // Also by the one that holds the lock: a line that is dead on the way only shows when something is sent.
                _isFirst = leads && await IsFirstAsync(_connection, _isFirst);
                await LookAsync(all: false);
                if (connections.Failure is not null) await ProbeAsync();
                if (DateTime.UtcNow - lastLetGo < LetGoEvery) continue;
                lastLetGo = DateTime.UtcNow;
                foreach (var bucket in buckets) bucket.LetGo();
                if (_isFirst) await connections.AskAsync(connection => UsageMonths.MakeAheadAsync(connection, _closing.Token));
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure) when (PostgresFailure.IsWorld(failure) || failure is StoreUnavailableException or InvalidOperationException)
            {
                connections.Lost(PostgresFailure.ToUnavailable(failure, StoreEffect.None).Message);
                await DisconnectAsync();
                await Task.Delay(LookEvery).WaitAsync(_closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await DisconnectAsync();
    }

    private async Task ListenAsync()
    {
        if (_connection is not null) return;
        var connection = await connections.Source.OpenConnectionAsync(_closing.Token);
        try
        {
            await PostgresConnections.ExecuteAsync(connection, $"LISTEN {BucketCommit.SettingsChannel}");
            _connection = connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task DisconnectAsync()
    {
        _isFirst = false;
        if (_connection is null) return;

        // Not back to the pool: the locks of the session end with it.
        NpgsqlConnection.ClearPool(_connection);
        await _connection.DisposeAsync();
        _connection = null;
    }

    /// <summary>After a failure: whether the database takes writes again. Writes something that changes nothing.</summary>
    private async Task ProbeAsync()
    {
        await connections.AskAsync(connection => PostgresConnections.ExecuteAsync(
            connection, $"UPDATE heads SET first_open_hold = first_open_hold WHERE bucket = {buckets[^1].Number}"));
        connections.Recovered();
    }

    private static async Task<bool> IsFirstAsync(NpgsqlConnection connection, bool hasLock)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (hasLock) batch.Add("SELECT 1::bigint");
        else batch.Add("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1::bigint ELSE 0 END", JobsLock);
        await using var reader = await batch.ExecuteReaderAsync();
        return (await reader.ListAsync(row => row.Int64(0) == 1)).Single();
    }

    private static async Task<List<(int Bucket, long Commit, long Setting)>> HeadsAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT bucket, commit_no, last_setting FROM heads");
        await using var reader = await batch.ExecuteReaderAsync();
        return await reader.ListAsync(row => ((int)row.Int64(0), row.Int64(1), row.Int64(2)));
    }
}
