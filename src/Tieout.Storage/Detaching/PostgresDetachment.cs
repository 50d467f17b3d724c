using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Archive;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Detaching;

/// <summary>A PostgreSQL store: each bucket is a book. One command at a time takes months out of it, whichever node runs it.</summary>
internal sealed class PostgresDetachment : IDetachableStore, IAsyncDisposable
{
    /// <summary>Held while months leave. Any number that nobody else uses.</summary>
    private const long DetachLock = 8_432_675_003;

    private readonly PostgresLedger _ledger;
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;

    private PostgresDetachment(PostgresLedger ledger, NpgsqlDataSource source, NpgsqlConnection connection, RemovalPace pace)
    {
        (_ledger, _source, _connection) = (ledger, source, connection);
        Books = [.. ledger.Buckets.Select(bucket => new PostgresDetachedBook(ledger.Connections, bucket, pace))];
    }

    public IReadOnlyList<IDetachableBook> Books { get; }

    public IOrgs Orgs => _ledger.Read;

    /// <exception cref="StoreUnavailableException">Another command takes months out of the store, or it cannot be reached.</exception>
    public static async Task<PostgresDetachment> OpenAsync(PostgresLedger ledger, RemovalPace pace, CancellationToken cancellationToken)
    {
        NpgsqlDataSource? source = null;
        NpgsqlConnection? connection = null;
        try
        {
            source = PostgresAddress.Source(ledger.Connections.Store, PostgresUse.Alone);
            connection = await source.OpenConnectionAsync(cancellationToken);
            await using var batch = new NpgsqlBatch(connection);
            batch.Add("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1::bigint ELSE 0 END", DetachLock);
            await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
            {
                if ((await reader.ListAsync(row => row.Int64(0))).Single() == 1) return new(ledger, source, connection, pace);
            }

            throw new StoreUnavailableException("Another command takes months out of the store. Wait for it.", StoreEffect.None, StoreFault.NotWritable);
        }
        catch (Exception failed)
        {
            if (connection is not null) await connection.DisposeAsync();
            if (source is not null) await source.DisposeAsync();
            if (PostgresFailure.IsWorld(failed)) throw PostgresFailure.ToUnavailable(failed, StoreEffect.None);
            throw;
        }
    }

    public Task<ArchivePlan> PlanAsync(
        Month before, string archive, Instant now, IProgress<RowProgress>? progress, CancellationToken cancellationToken) =>
        ArchivePlan.OfPostgresAsync(_ledger.Connections.Store, before, archive, now, cancellationToken, progress);

    public Task<VerificationReport> VerifyAsync(CancellationToken cancellationToken) =>
        PostgresVerification.RunAsync(_ledger.Connections.Store, cancellationToken: cancellationToken);

    public Task<long> DropAsync(IReadOnlyDictionary<int, Detachment> detached, Month before, CancellationToken cancellationToken) =>
        _ledger.Connections.AloneAsync(connection => new DetachedParts(connection, _ledger.Layout.All, detached).DropAsync(before, cancellationToken));

    /// <remarks>Vacuum makes the room of rows free for new ones.</remarks>
    public Task<long> ShrinkAsync() => Task.FromResult(0L);

    public async ValueTask DisposeAsync()
    {
        // The lock ends with its session.
        await _connection.DisposeAsync();
        await _source.DisposeAsync();
    }
}
