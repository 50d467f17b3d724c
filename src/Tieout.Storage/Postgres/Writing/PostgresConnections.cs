using System.Diagnostics;
using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Verification;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>This node's connections to the database, and how they are doing.</summary>
/// <param name="store">As <see cref="PostgresAddress"/> says.</param>
internal sealed class PostgresConnections(string store) : IDisposable
{
    /// <summary>Buckets that commit at once from this node: beyond a few a core, more transactions only wait for one another.</summary>
    private const int InFlightMax = 12;

    /// <summary>Many callers lose their connections at once, and new ones need not be thrown away with the old.</summary>
    private static readonly TimeSpan ClearEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>After a batch was given up nobody tries for so long, however many buckets there are: the watch asks meanwhile whether the database is back, and
    /// ends it.</summary>
    private static readonly TimeSpan RestFor = TimeSpan.FromSeconds(2);

    private long _clearedAt;
    private long _gaveUpAt;
    private long _lastCommitTicks;
    private long _contradictions;

    /// <summary>The address of the store.</summary>
    public string Store => store;

    public SemaphoreSlim InFlight { get; } = new(InFlightMax);

    /// <summary>For commits and short questions.</summary>
    public NpgsqlDataSource Source { get; } = PostgresAddress.Source(store);

    /// <summary>For readings of callers, so that they never hold up a commit.</summary>
    private readonly NpgsqlDataSource _reading = PostgresAddress.Source(store, PostgresUse.Read);

    /// <summary>Why the last write or comparison failed, in one sentence; null: it did not.</summary>
    public string? Failure { get; private set; }

    public decimal LastCommitMs => Math.Round(Volatile.Read(ref _lastCommitTicks) * 1_000m / Stopwatch.Frequency, 3);

    public void Succeeded(long began)
    {
        Failure = null;
        Volatile.Write(ref _lastCommitTicks, Stopwatch.GetTimestamp() - began);
    }

    public void Failed(string reason) => Failure = reason;

    public void Recovered() => Failure = null;

    /// <summary>A batch waited for the database as long as it may.</summary>
    public void GaveUp() => Volatile.Write(ref _gaveUpAt, Stopwatch.GetTimestamp());

    /// <summary>Whether a new caller would only wait for the failure that another has just met.</summary>
    public bool IsResting => Failure is not null && Volatile.Read(ref _gaveUpAt) is var at and not 0 && Stopwatch.GetElapsedTime(at) < RestFor;

    /// <summary>A connection was lost, so the pooled ones may be dead, too: each would have to fail by itself first, one time-out after another.</summary>
    public void Lost(string reason)
    {
        Failure = reason;
        var last = Interlocked.Read(ref _clearedAt);
        if (last != 0 && Stopwatch.GetElapsedTime(last) < ClearEvery) return;
        if (Interlocked.CompareExchange(ref _clearedAt, Stopwatch.GetTimestamp(), last) != last) return;
        Source.Clear();
        _reading.Clear();
    }

    /// <summary>How often a key of the database refused what a book thought right. Not zero: this program has a bug, or someone else writes there.</summary>
    public long Contradictions => Volatile.Read(ref _contradictions);

    public void Contradicted() => Interlocked.Increment(ref _contradictions);

    public ValueTask<NpgsqlConnection> OpenAsync() => Source.OpenConnectionAsync();

    /// <summary>A reading for a caller.</summary>
    /// <exception cref="StoreUnavailableException">No connection could be opened, or it was lost. Nothing was written.</exception>
    public Task RunAsync(Func<NpgsqlConnection, Task> run) => RunAsync(_reading, run);

    /// <inheritdoc cref="RunAsync(Func{NpgsqlConnection, Task})"/>
    public Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run) => RunAsync(_reading, run);

    /// <summary>A short question that decisions or figures wait for.</summary>
    /// <inheritdoc cref="RunAsync(Func{NpgsqlConnection, Task})"/>
    public Task AskAsync(Func<NpgsqlConnection, Task> run) => RunAsync(Source, run);

    /// <inheritdoc cref="AskAsync(Func{NpgsqlConnection, Task})"/>
    public Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> run) => RunAsync(Source, run);

    /// <summary>One long piece of work, on a connection of its own.</summary>
    /// <inheritdoc cref="RunAsync(Func{NpgsqlConnection, Task})"/>
    public async Task<T> AloneAsync<T>(Func<NpgsqlConnection, Task<T>> run)
    {
        await using var alone = PostgresAddress.Source(store, PostgresUse.Alone);
        return await RunAsync(alone, run);
    }

    private async Task<T> RunAsync<T>(NpgsqlDataSource source, Func<NpgsqlConnection, Task<T>> run)
    {
        T? result = default;
        await RunAsync(source, async connection => { result = await run(connection); });
        return result!;
    }

    private async Task RunAsync(NpgsqlDataSource source, Func<NpgsqlConnection, Task> run)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync();
            await run(connection);
        }
        catch (Exception failure) when (PostgresFailure.IsWorld(failure))
        {
            var unavailable = PostgresFailure.ToUnavailable(failure, StoreEffect.None);
            if (PostgresFailure.IsConnectionLost(failure))
            {
                // A reading that takes too long says nothing of the store.
                if (ReferenceEquals(source, Source)) Lost(unavailable.Message);
                else source.Clear();
            }

            throw unavailable;
        }
        catch (Exception damaged) when (ReferenceEquals(source, _reading) && UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
    }

    /// <summary>A long reading of the whole store as of one moment, bucket by bucket, on a thread and a connection of its own.</summary>
    /// <remarks>The connection is not of the pool: what it is set up with (views, no time-out between two pages) goes with it.</remarks>
    /// <exception cref="StoreUnavailableException">It cannot be had, or was lost.</exception>
    public Task<T> ReadAsync<T>(Func<PostgresTables, T> read) => Task.Run(() =>
    {
        try
        {
            using var fresh = PostgresAddress.Source(store, PostgresUse.Alone);
            using var connection = fresh.OpenConnection();
            var tables = new PostgresTables(connection);
            tables.Begin();
            return read(tables);
        }
        catch (Exception failure) when (PostgresFailure.IsWorld(failure))
        {
            throw PostgresFailure.ToUnavailable(failure, StoreEffect.None);
        }
    });

    public static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(sql);
        await batch.ExecuteNonQueryAsync();
    }

    public static async Task<Head> HeadAsync(NpgsqlConnection connection, int bucket)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"SELECT {Reads.HeadColumns} FROM heads WHERE bucket = $1", bucket);
        await using var reader = await batch.ExecuteReaderAsync();
        return (await reader.ListAsync(Reads.Head)) is [var head]
            ? head
            : throw NoHead(bucket);
    }

    public static StoreUnavailableException NoHead(int bucket) => new(
        $"The row of bucket {bucket} is missing from table heads. Run tieout verify, and restore a backup or repair the row.", StoreEffect.None,
        StoreFault.ReadOnly);

    public void Dispose()
    {
        Source.Dispose();
        _reading.Dispose();
        InFlight.Dispose();
    }
}
