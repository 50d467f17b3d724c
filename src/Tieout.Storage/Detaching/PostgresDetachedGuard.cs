using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Reading;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Detaching;

/// <summary>Refuses readings of a bucket that would show less than there is, because rows of their range are in an archive.</summary>
internal static class PostgresDetachedGuard
{
    /// <summary>The newest record of rows that left the bucket; null: none did.</summary>
    public static async Task<Detachment?> NewestAsync(NpgsqlConnection connection, int bucket)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(BucketBook.NewestDetachment, bucket, (int)Detachment.Key.Kind, Detachment.Key.Name);
        await using var reader = await batch.ExecuteReaderAsync();
        return (await reader.ListAsync(row => Detachment.Parse(row.Text(0)))).SingleOrDefault();
    }

    /// <summary>A range of time of an org. An org that was opened later has no detached rows.</summary>
    /// <exception cref="RowsArchivedException">It begins in detached months.</exception>
    public static async Task RangeAsync(NpgsqlConnection connection, int bucket, string org, Instant from, long after = 0)
    {
        if (await NewestAsync(connection, bucket) is not { } detached || from > detached.RecordedAt || after >= detached.Last.Posting) return;
        var older = await new PgQuery("SELECT seq FROM settings").Where(
            "bucket = ? AND kind = ? AND org = ? AND recorded_at <= ?", bucket, (int)SettingKind.Org, org, detached.RecordedAt.UnixMicros)
            .Then("LIMIT 1").ListAsync(connection, row => row.Int64(0));
        if (older.Count > 0) throw RowsArchivedException.OfRange(detached);
    }

    /// <summary>Rows that are read by their numbers.</summary>
    /// <exception cref="RowsArchivedException">One of them is detached.</exception>
    public static async Task UsageAsync(NpgsqlConnection connection, int bucket, IReadOnlyList<long> numbers, Instant from)
    {
        if (await NewestAsync(connection, bucket) is not { } detached || from > detached.RecordedAt) return;
        var gone = numbers.Where(detached.HasUsage).ToArray();
        if (gone.Length == 0) return;
        var found = await new PgQuery("SELECT u.seq FROM usage u").Where("u.bucket = ? AND u.seq = ANY(?)", bucket, gone)
            .ListAsync(connection, row => row.Int64(0));
        if (found.Count < gone.Length) throw RowsArchivedException.OfRange(detached);
    }

    /// <summary>An attempt of which no row was found.</summary>
    /// <exception cref="RowsArchivedException">An archive has its rows.</exception>
    public static async Task AttemptAsync(NpgsqlConnection connection, int bucket, string org, Guid id)
    {
        var known = await new PgQuery("SELECT d.attribution FROM detached_ids d JOIN attributions a ON a.no = d.attribution").Where(
            "d.bucket = ? AND d.id = ? AND a.bucket = ? AND a.org = ?", bucket, id, bucket, org).ListAsync(connection, row => row.Int64(0));
        if (known.Count > 0 && await NewestAsync(connection, bucket) is { } detached) throw RowsArchivedException.OfRow(detached);
    }
}
