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

    private long _lastCommitTicks;
    private long _contradictions;

    public SemaphoreSlim InFlight { get; } = new(InFlightMax);

    public NpgsqlDataSource Source { get; } = PostgresAddress.Source(store);

    /// <summary>Why the last write failed, in one sentence; null: it did not.</summary>
    public string? Failure { get; private set; }

    public decimal LastCommitMs => Math.Round(Volatile.Read(ref _lastCommitTicks) * 1_000m / Stopwatch.Frequency, 3);

    public void Succeeded(long began)
    {
        Failure = null;
        Volatile.Write(ref _lastCommitTicks, Stopwatch.GetTimestamp() - began);
    }

    public void Failed(string reason) => Failure = reason;

    public void Recovered() => Failure = null;

    /// <summary>How often a key of the database refused what a book thought right. Not zero: this program has a bug, or someone else writes there.</summary>
    public long Contradictions => Volatile.Read(ref _contradictions);

    public void Contradicted() => Interlocked.Increment(ref _contradictions);

    public ValueTask<NpgsqlConnection> OpenAsync() => Source.OpenConnectionAsync();

    /// <exception cref="StoreUnavailableException">It cannot be had, or was lost. Nothing was written.</exception>
    public async Task RunAsync(Func<NpgsqlConnection, Task> run)
    {
        try
        {
            await using var connection = await OpenAsync();
            await run(connection);
        }
        catch (Exception failure) when (PostgresFailure.IsWorld(failure))
        {
            throw PostgresFailure.ToUnavailable(failure, StoreEffect.None);
        }
    }

    /// <inheritdoc cref="RunAsync(Func{NpgsqlConnection, Task})"/>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run)
    {
        T? result = default;
        await RunAsync(async connection => { result = await run(connection); });
        return result!;
    }

    /// <summary>A long reading of the whole store as of one moment, bucket by bucket, on a thread and a connection of its own.</summary>
    /// <remarks>The connection is not of the pool: what it is set up with (views, no time-out between two pages) goes with it.</remarks>
    /// <exception cref="StoreUnavailableException">It cannot be had, or was lost.</exception>
    public Task<T> ReadAsync<T>(Func<PostgresTables, T> read) => Task.Run(() =>
    {
        try
        {
            using var fresh = PostgresAddress.Source(store, isPooled: false);
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
        return (await reader.ListAsync(Reads.Head)).Single();
    }

    public void Dispose()
    {
        Source.Dispose();
        InFlight.Dispose();
    }
}
