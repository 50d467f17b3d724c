using System.Globalization;
using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres;

/// <summary>Usage lies by the month (UTC) in which it was recorded; how its parts are made, and how a row is found without looking into all of them.</summary>
internal static class UsageMonths
{
    /// <summary>SQL: usage <c>u</c> by its id, through the table of ids <c>i</c>, which are one for all months. Row by row, each in its month: OFFSET prevents
    /// a plan that
    /// reads all usage for a few hundred ids.</summary>
    /// <param name="bucket">A place for the bucket, which comes before those of the conditions.</param>
    public static string ById(string bucket = "?") =>
        $"usage_ids i CROSS JOIN LATERAL (SELECT * FROM usage x WHERE x.bucket = {bucket} AND x.seq = i.seq AND x.recorded_at = i.recorded_at OFFSET 0) u";

    /// <summary>SQL: usage <c>u</c> that posting <c>p</c> is for. A charge is in the month of its usage, with which it was committed; a correction may be
    /// later.</summary>
    /// <param name="bucket">A place for the bucket.</param>
    public static string OfPosting(string bucket) => $"""
        u.bucket = {bucket} AND u.seq = p.usage_seq
          AND u.recorded_at BETWEEN CASE WHEN p.kind = 3 AND p.command_id IS NULL THEN p.recorded_at ELSE {long.MinValue} END AND p.recorded_at
        """;

    /// <summary>SQL: usage <c>u</c> that postings <c>p</c> are for which count from a time on: in the months since then, or since the oldest usage that was
    /// corrected since. So the
    /// postings are joined with those months and not with all.</summary>
    /// <param name="from">A place for the time, in microseconds since 1970. Places are in the order bucket, time, bucket, time, bucket.</param>
    /// <param name="bucket">A place for the bucket.</param>
    public static string OfPostingsSince(string from = "?", string bucket = "?") => $"""
        u.bucket = {bucket} AND u.seq = p.usage_seq AND u.recorded_at >= (
          SELECT least({from}::bigint, min(l.recorded_at)) FROM postings c
          CROSS JOIN LATERAL (SELECT x.recorded_at FROM usage x WHERE x.bucket = {bucket} AND x.seq = c.usage_seq AND x.recorded_at <= c.recorded_at OFFSET 0) l
          WHERE c.recorded_at >= {from} AND c.bucket = {bucket} AND c.kind >= 3 AND c.command_id IS NOT NULL)
        """;

    /// <summary>Months ahead of this one that have a part.</summary>
    private const int Ahead = 3;

    /// <summary>Makes the parts of this month and the next three, if they are not there. What is recorded in a month without one is in the part of all other
    /// times.</summary>
    /// <remarks>Each is a plain statement, which a distributed database carries out on all shards; it waits a moment for those who read usage, and is tried
    /// again later. It has months to succeed.</remarks>
    public static async Task MakeAheadAsync(NpgsqlConnection connection, CancellationToken cancellationToken = default)
    {
        var now = await NowAsync(connection, cancellationToken);
        await MakeAsync(connection, now, now.AddMonths(Ahead), cancellationToken);
    }

    /// <summary>Makes the parts of all months from a time on, up to this month.</summary>
    /// <param name="since">Microseconds since 1970; 0: there is nothing yet.</param>
    public static async Task MakeAsync(NpgsqlConnection connection, long since, CancellationToken cancellationToken)
    {
        if (since == 0) return;
        await MakeAsync(
            connection, DateTime.UnixEpoch.AddTicks(since * TimeSpan.TicksPerMicrosecond), await NowAsync(connection, cancellationToken), cancellationToken);
    }

    private static async Task MakeAsync(NpgsqlConnection connection, DateTime from, DateTime to, CancellationToken cancellationToken)
    {
        for (var month = new DateTime(from.Year, from.Month, 1, 0, 0, 0, DateTimeKind.Utc); month <= to; month = month.AddMonths(1))
        {
            if (await ExistsAsync(connection, PartOf(month), cancellationToken)) continue;
            try
            {
                await using var batch = new NpgsqlBatch(connection);
                foreach (var sql in (ReadOnlySpan<string>)["BEGIN", "SET LOCAL lock_timeout = 300", MakePart(month), "COMMIT"]) batch.Add(sql);
                await batch.ExecuteNonQueryAsync(cancellationToken);
            }
            catch (PostgresException left) when (left.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.CheckViolation
                or PostgresErrorCodes.InvalidObjectDefinition or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.UniqueViolation)
            {
                // Somebody reads usage; or the month's usage came first, and stays where it is; or another node made the part.
                await PostgresConnections.ExecuteAsync(connection, "ROLLBACK");
            }
        }
    }

    private static string PartOf(DateTime month) => month.ToString("'usage_'yyyy_MM", CultureInfo.InvariantCulture);

    private static string MakePart(DateTime month) =>
        $"CREATE TABLE IF NOT EXISTS {PartOf(month)} PARTITION OF usage FOR VALUES FROM ({MicrosOf(month)}) TO ({MicrosOf(month.AddMonths(1))})";

    private static long MicrosOf(DateTime month) => (month - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static async Task<DateTime> NowAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT now()");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetDateTime(0);
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, string part, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT 1 FROM pg_class WHERE oid = to_regclass($1)", part);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken);
    }
}
