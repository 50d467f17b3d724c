using Npgsql;
using Tieout.Core;
using Tieout.Storage.Postgres.Reading;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres;

/// <summary>Last uses of keys that any number of nodes store, in the bucket of the key's org.</summary>
internal sealed class PostgresKeyUses(PostgresConnections connections, Buckets layout) : IKeyUses
{
    /// <summary>Statements of one round trip.</summary>
    private const int BatchMax = 500;

    public async Task StoreAsync(IReadOnlyList<KeyUse> uses, CancellationToken cancellationToken)
    {
        // Always in the same order, so that nodes that store the same keys at once wait for each other and never in a circle.
        foreach (var bucket in uses.GroupBy(use => layout.Of(use.Org)).OrderBy(bucket => bucket.Key))
        {
            foreach (var some in bucket.OrderBy(use => use.Org, StringComparer.Ordinal).ThenBy(use => use.Key, StringComparer.Ordinal).Chunk(BatchMax))
            {
                await connections.RunAsync(async connection =>
                {
                    await using var batch = new NpgsqlBatch(connection);
                    foreach (var use in some)
                    {
                        batch.Add(
                            "INSERT INTO key_uses VALUES ($1, $2, $3, $4) ON CONFLICT (bucket, org, key) DO UPDATE SET used_at = greatest(key_uses.used_at, excluded.used_at)",
                            bucket.Key, use.Org, use.Key, use.At.UnixMicros);
                    }

                    await batch.ExecuteNonQueryAsync(cancellationToken);
                });
            }
        }
    }

    public async Task<IReadOnlyDictionary<string, Instant>> OfAsync(string org, CancellationToken cancellationToken)
    {
        var rows = await connections.RunAsync(connection =>
            new PgQuery("SELECT key, used_at FROM key_uses").Where("bucket = ? AND org = ?", layout.Of(org), org).ListAsync(
                connection, row => (Key: row.Text(0), At: RowReads.Time(row, 1))));
        return rows.ToDictionary(row => row.Key, row => row.At, StringComparer.Ordinal);
    }
}
