using Npgsql;
using Tieout.Core;
using Tieout.Storage.Postgres.Reading;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Deliveries;

/// <summary>Deliveries that any number of nodes share. Leases are measured by the database's clock, since nodes' clocks differ.</summary>
/// <remarks>Every transaction stays in one bucket, as the ledger's do.</remarks>
internal sealed partial class PostgresDeliveries(PostgresConnections connections, HeadWatch watch) : IDeliveries
{
    private const string Lane = "bucket = $1 AND endpoint = $2 AND org = $3";

    public async Task<IReadOnlyList<Lane>> ClaimAsync(TimeSpan lease, int max, IReadOnlyCollection<string> except, CancellationToken cancellationToken) =>
        await connections.RunAsync(async connection =>
    {
        var now = await NowAsync(connection);
        var due = await QueryAsync(
            connection,
            $"SELECT bucket, endpoint, org FROM lanes WHERE next_at < {DeliveryRows.Idle} AND next_at <= $3 AND leased_until <= $3 AND NOT (endpoint = ANY($1)) ORDER BY next_at LIMIT $2",
            row => new Lane(RowReads.Int32(row, 0), row.Text(1), row.Text(2), Guid.NewGuid()), except.ToArray(), max, now);
        var claimed = new List<Lane>();
        foreach (var lane in due)
        {
            // The second of two workers finds the row locked and leaves it, or changed and due no more.
            var mine = await QueryAsync(
                connection,
                $"""
                UPDATE lanes SET leased_until = $4, lease = $5 WHERE {Lane} AND EXISTS
                  (SELECT 1 FROM lanes WHERE {Lane} AND next_at <= $6 AND leased_until <= $6 FOR UPDATE SKIP LOCKED)
                RETURNING 1
                """,
                _ => true, lane.Bucket, lane.Endpoint, lane.Org, now + Micros(lease), lane.Lease, now);
            if (mine.Count > 0) claimed.Add(lane);
        }

        return claimed;
    });

    public async Task<IReadOnlyList<WaitingMessage>> WaitingAsync(Lane lane, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => QueryAsync(
        connection,
        $"""
        SELECT {DeliveryRows.WaitingColumns} FROM deliveries d JOIN outbox o ON o.bucket = $1 AND o.seq = d.seq
        WHERE d.bucket = $1 AND d.endpoint = $2 AND d.org = $3 AND d.state = 0 ORDER BY d.seq LIMIT $4
        """,
        DeliveryRows.Waiting, lane.Bucket, lane.Endpoint, lane.Org, limit));

    public async Task<bool> RecordAsync(Lane lane, DeliveryAttempt attempt, TimeSpan lease, CancellationToken cancellationToken) =>
        await connections.RunAsync(async connection =>
    {
        var now = await NowAsync(connection);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"UPDATE lanes SET leased_until = $5 WHERE {Lane} AND lease = $4 RETURNING 1", lane.Bucket, lane.Endpoint, lane.Org, lane.Lease,
            now + Micros(lease));
        var update = batch.Add(
            $"""
            UPDATE deliveries SET state = $6, attempts = attempts + 1, first_at = coalesce(first_at, $7), last_at = $7, duration_ms = $8, status = $9, error = $10
            WHERE {Lane} AND seq = $5 AND state = 0 AND EXISTS (SELECT 1 FROM lanes WHERE {Lane} AND lease = $4)
            """,
            lane.Bucket, lane.Endpoint, lane.Org, lane.Lease, attempt.Seq, (int)attempt.State, attempt.At.UnixMicros, attempt.DurationMs);
        update.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer, Value = (object?)attempt.Status ?? DBNull.Value });
        update.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text, Value = (object?)attempt.Error ?? DBNull.Value });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return (await reader.ListAsync(_ => true)).Count > 0;
    });

    public async Task ReleaseAsync(Lane lane, TimeSpan pause, CancellationToken cancellationToken) => await LeasedAsync(
        lane,
        $"""
        UPDATE lanes SET lease = NULL, leased_until = 0, next_at = CASE WHEN EXISTS
          (SELECT 1 FROM deliveries WHERE {Lane} AND state = 0) THEN $5 ELSE {DeliveryRows.Idle} END
        WHERE {Lane} AND lease = $4
        """,
        cancellationToken, pause);

    public async Task DropAsync(Lane lane, CancellationToken cancellationToken)
    {
        await LeasedAsync(lane, $"UPDATE deliveries SET state = 3 WHERE {Lane} AND state = 0 AND EXISTS (SELECT 1 FROM lanes WHERE {Lane} AND lease = $4)",
            cancellationToken);
        await ReleaseAsync(lane, TimeSpan.Zero, cancellationToken);
    }

    public async Task<IReadOnlyList<Delivery>> ListAsync(DeliveryFilter filter, CancellationToken cancellationToken) => await connections.RunAsync(connection =>
        Filtered(new PgQuery($"SELECT {DeliveryRows.Columns} FROM deliveries d"), filter)
            .Then("ORDER BY d.recorded_at DESC, d.seq DESC, d.endpoint LIMIT ?", filter.Limit).ListAsync(connection, DeliveryRows.Read));

    public async Task<int> ReplayAsync(DeliveryFilter filter, CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        var dead = await Filtered(new PgQuery("SELECT d.bucket, d.endpoint, d.org, d.seq FROM deliveries d"), filter with { State = DeliveryState.Dead })
            .Then("ORDER BY d.recorded_at LIMIT ?", filter.Limit)
            .ListAsync(connection, row => (Lane: (RowReads.Int32(row, 0), row.Text(1), row.Text(2)), Seq: row.Int64(3)));
        foreach (var lane in dead.GroupBy(delivery => delivery.Lane))
        {
            var (bucket, endpoint, org) = lane.Key;
            var now = await NowAsync(connection);
            await using var batch = new NpgsqlBatch(connection);
            batch.Add($"UPDATE deliveries SET state = 0, attempts = 0 WHERE {Lane} AND seq = ANY($4) AND state = 2", bucket, endpoint, org,
                lane.Select(delivery => delivery.Seq).ToArray());
            batch.Add($"UPDATE lanes SET next_at = $4 WHERE {Lane}", bucket, endpoint, org, now);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        return dead.Count;
    });

    public async Task<int> ForgetAsync(Instant before, CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("DELETE FROM deliveries WHERE state IN (1, 3) AND recorded_at < $1", before.UnixMicros);
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    });

    public async Task<DeliveriesHealth> HealthAsync(CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
        (await QueryAsync(connection, $"SELECT {DeliveryRows.HealthColumns} FROM deliveries WHERE state IN (0, 2)", DeliveryRows.Health)).Single());

    private static PgQuery Filtered(PgQuery query, DeliveryFilter filter)
    {
        query = query.WhereGiven("d.org = ?", filter.Org).WhereGiven("d.endpoint = ?", filter.Endpoint).WhereGiven("d.message_id = ?", filter.MessageId);
        if (filter.Seq is { } seq) query = query.Where("d.seq = ?", seq);
        return filter.State is { } state ? query.Where("d.state = ?", (int)state) : query;
    }

    private static long Micros(TimeSpan time) => (long)time.TotalMicroseconds;

    private static async Task<List<T>> QueryAsync<T>(NpgsqlConnection connection, string sql, Func<IRow, T> read, params object[] values)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(sql, values);
        await using var reader = await batch.ExecuteReaderAsync();
        return await reader.ListAsync(read);
    }

    /// <summary>The database's time in microseconds, read before it is used: a distributed database refuses a volatile function in an UPDATE.</summary>
    private static async Task<long> NowAsync(NpgsqlConnection connection) =>
        (await QueryAsync(connection, "SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint", row => row.Int64(0))).Single();

    /// <summary>Changes a lane while nobody else does. The lane is locked by a statement of its own, so that the next sees what was routed to it until
    /// then.</summary>
    /// <param name="after">Given to the statement as <c>$5</c>, a time: the database's now and so much.</param>
    private Task LeasedAsync(Lane lane, string sql, CancellationToken cancellationToken, TimeSpan? after = null) => connections.RunAsync(async connection =>
    {
        object[] more = after is { } pause ? [await NowAsync(connection) + Micros(pause)] : [];
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"SELECT 1 FROM lanes WHERE {Lane} AND lease = $4 FOR UPDATE", lane.Bucket, lane.Endpoint, lane.Org, lane.Lease);
        batch.Add(sql, [lane.Bucket, lane.Endpoint, lane.Org, lane.Lease, .. more]);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    });
}
