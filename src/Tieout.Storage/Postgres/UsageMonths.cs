using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres;

/// <summary>Usage lies by the month (UTC) in which it was recorded; how its parts are made, and how a row is found without looking into all of them.</summary>
internal static class UsageMonths
{
    /// <summary>SQL: usage <c>u</c> by its id, through the table of ids <c>i</c>, which are one for all months. Row by row, each in its month: OFFSET keeps the planner from going
    /// through all usage for a few hundred ids.</summary>
    public const string ById = "usage_ids i CROSS JOIN LATERAL (SELECT * FROM usage WHERE bucket = i.bucket AND seq = i.seq AND recorded_at = i.recorded_at OFFSET 0) u";

    /// <summary>SQL: usage <c>u</c> that posting <c>p</c> is for. A charge lies in the month of its usage, with which it was committed; what corrects it may be later.</summary>
    public const string OfPosting = "u.bucket = p.bucket AND u.seq = p.usage_seq AND u.recorded_at BETWEEN usage_from(p.kind, p.command_id, p.recorded_at) AND p.recorded_at";

    /// <summary>SQL: usage <c>u</c> that postings <c>p</c> are for which count from a time on: in the months since then, or since the oldest usage that was corrected since. So many postings are joined
    /// with those months and not with all.</summary>
    /// <param name="from">A place for the time, in microseconds since 1970. It stands there twice, before the bucket's.</param>
    /// <param name="bucket">A place for the bucket.</param>
    public static string OfPostingsSince(string from = "?", string bucket = "?") => $"""
        u.bucket = p.bucket AND u.seq = p.usage_seq AND u.recorded_at >= (
          SELECT least({from}::bigint, min(l.recorded_at)) FROM postings c
          CROSS JOIN LATERAL (SELECT recorded_at FROM usage WHERE bucket = c.bucket AND seq = c.usage_seq AND recorded_at <= c.recorded_at OFFSET 0) l
          WHERE c.recorded_at >= {from} AND c.bucket = {bucket} AND c.kind >= 3 AND c.command_id IS NOT NULL)
        """;

    /// <summary>SQL: makes the parts of this month and the next three, if they are not there. What is recorded in a month without one lies in the part of all other times.</summary>
    public const string Make = "SELECT make_usage_parts(now())";

    /// <summary>As <see cref="Make"/>, beside running work: it waits a moment for who reads usage, and else comes again. It has months to succeed.</summary>
    public static async Task MakeAheadAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var batch = new NpgsqlBatch(connection);
            foreach (var sql in (ReadOnlySpan<string>)["BEGIN", "SET LOCAL lock_timeout = 300", Make, "COMMIT"]) batch.Add(sql);
            await batch.ExecuteNonQueryAsync();
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await PostgresConnections.ExecuteAsync(connection, "ROLLBACK");
        }
    }

    /// <summary>Makes the parts of all months from a time on.</summary>
    /// <param name="since">Microseconds since 1970; 0: there is nothing yet.</param>
    public static async Task MakeAsync(NpgsqlConnection connection, long since, CancellationToken cancellationToken)
    {
        if (since == 0) return;
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            "SELECT make_usage_part(month) FROM generate_series(date_trunc('month', (timestamptz 'epoch' + $1 * interval '1 microsecond') AT TIME ZONE 'UTC'), now() AT TIME ZONE 'UTC', interval '1 month') month",
            since);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
