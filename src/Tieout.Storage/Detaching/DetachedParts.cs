using System.Globalization;
using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Detaching;

/// <summary>Drops the parts of usage whose rows have all left: a month is gone at once, and nothing is left to vacuum.</summary>
/// <param name="buckets">How many buckets the store has.</param>
/// <param name="detached">What left each of them.</param>
internal sealed class DetachedParts(NpgsqlConnection connection, int buckets, IReadOnlyDictionary<int, Detachment> detached)
{
    /// <summary>Dropping waits a moment for those who read usage, and everybody waits for it. After these tries the rows are removed one by one.</summary>
    private const int Tries = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Drops what it can of the months before one.</summary>
    /// <returns>Bytes that the database gave back.</returns>
    public async Task<long> DropAsync(Month before, CancellationToken cancellationToken)
    {
        var freed = 0L;
        foreach (var (part, bytes) in await PartsAsync(before))
        {
            for (var tries = 1; tries <= Tries; tries++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (await TryDropAsync(part) is { } isDropped)
                {
                    if (isDropped) freed += bytes;
                    break;
                }

                await Task.Delay(Pause, cancellationToken);
            }
        }

        return freed;
    }

    private async Task<List<(string Name, long Bytes)>> PartsAsync(Month before)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT c.relname::text, pg_total_relation_size(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            + "WHERE i.inhparent = to_regclass('usage') ORDER BY c.relname");
        await using var reader = await batch.ExecuteReaderAsync();
        return [.. (await reader.ListAsync(row => (Name: row.Text(0), Bytes: row.Int64(1)))).Where(part =>
            DateTime.TryParseExact(part.Name, "'usage_'yyyy_MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month)
            && new Month(month.Year, month.Month).CompareTo(before) < 0)];
    }

    /// <returns>Null: somebody uses it now. False: some of its rows stay.</returns>
    private async Task<bool?> TryDropAsync(string part)
    {
        try
        {
            await PostgresConnections.ExecuteAsync(connection, "BEGIN");
            await PostgresConnections.ExecuteAsync(connection, "SET LOCAL lock_timeout = 300");

            // On a distributed database: one shard after another, since a transaction that asked one bucket may not change all at once. No other knows it.
            await PostgresConnections.ExecuteAsync(connection, "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'");

            // From here on no row comes.
            await PostgresConnections.ExecuteAsync(connection, $"LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE");
            var stays = await StaysAsync(part);
            if (!stays) await PostgresConnections.ExecuteAsync(connection, $"DROP TABLE {part}");
            await PostgresConnections.ExecuteAsync(connection, stays ? "ROLLBACK" : "COMMIT");
            return !stays;
        }
        catch (PostgresException busy) when (busy.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            await PostgresConnections.ExecuteAsync(connection, "ROLLBACK");
            return null;
        }
    }

    private async Task<bool> StaysAsync(string part)
    {
        await using var batch = new NpgsqlBatch(connection);
        for (var bucket = 0; bucket < buckets; bucket++)
        {
            if (!detached.TryGetValue(bucket, out var gone)) batch.Add($"SELECT 1::bigint FROM {part} u WHERE u.bucket = $1 LIMIT 1", bucket);
            else
            {
                batch.Add($"SELECT 1::bigint FROM {part} u WHERE u.bucket = $1 AND u.seq > $2 LIMIT 1", bucket, gone.Last.Usage);
                batch.Add($"""
                    SELECT 1::bigint FROM detached_stay s JOIN {part} u ON u.bucket = $1 AND u.seq = s.seq
                    WHERE s.bucket = $1 AND s.cut = $2 AND s.of_table = 'usage' LIMIT 1
                    """, bucket, gone.Last.Commit);
            }
        }

        var asked = batch.BatchCommands.Count;
        await using var reader = await batch.ExecuteReaderAsync();
        var stays = false;
        for (var i = 0; i < asked; i++) stays |= (await reader.ListAsync(row => row.Int64(0))).Count > 0;
        return stays;
    }
}
