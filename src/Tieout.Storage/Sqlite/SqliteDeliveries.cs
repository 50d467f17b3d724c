using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite;

/// <summary>Deliveries of the embedded store: in the ledger's file, by a connection of their own.</summary>
/// <remarks>They are not synced by themselves but with the ledger's next commit: what a power cut takes back is delivered again.</remarks>
internal sealed class SqliteDeliveries(string database, TimeProvider clock) : IDeliveries, IDisposable
{
    private const int PageRows = 500;

    /// <summary>Pages in the log, above which this connection copies it: when only deliveries write, the ledger's own copier sees nothing to do.</summary>
    private const int CopyAtPages = 8_192;

    private readonly Lock _gate = new();
    private RawConnection? _connection;

    private long Now => Instant.From(clock.GetUtcNow()).UnixMicros;

    public Task<int> RouteAsync(Func<IReadOnlyList<Subscription>> subscriptions, CancellationToken cancellationToken)
    {
        var (made, from) = (0, 0L);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = Read(connection =>
            {
                from = connection.ReadInt64("SELECT routed FROM relay");
                return new Query($"SELECT {RowReads.OutboxColumns} FROM outbox").Where("seq > ?", from).Then("ORDER BY seq LIMIT ?", PageRows).List(
                    connection, RowReads.Outbox);
            });
            if (page.Count == 0) return Task.FromResult(made);
            made += Route(page, DeliveryRows.Wanted(page, subscriptions()));
        }
    }

    public Task<IReadOnlyList<Lane>> ClaimAsync(TimeSpan lease, int max, IReadOnlyCollection<string> except, CancellationToken cancellationToken)
    {
        // Nothing is written where nothing is due: asking is no reason to touch the disk.
        var due = Read(connection => new Query("SELECT endpoint, org FROM lanes")
            .Where("next_at <= ? AND leased_until <= ?", Now, Now)
            .Where("endpoint NOT IN (SELECT value FROM json_each(?))", System.Text.Json.JsonSerializer.Serialize(except))
            .Then("ORDER BY next_at LIMIT ?", max)
            .List(connection, row => new Lane(0, row.Text(0), row.Text(1), Guid.NewGuid())));
        if (due.Count > 0)
        {
            Write(connection =>
            {
                foreach (var lane in due)
                {
                    Run(connection, "UPDATE lanes SET leased_until = ?, lease = ? WHERE endpoint = ? AND org = ?", Now + Micros(lease), lane.Lease,
                        lane.Endpoint, lane.Org);
                }
            });
        }

        return Task.FromResult<IReadOnlyList<Lane>>(due);
    }

    public Task<IReadOnlyList<WaitingMessage>> WaitingAsync(Lane lane, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<WaitingMessage>>(Read(connection =>
        new Query($"SELECT {DeliveryRows.WaitingColumns} FROM deliveries d JOIN outbox o ON o.seq = d.seq")
            .Where("d.endpoint = ? AND d.org = ? AND d.state = 0", lane.Endpoint, lane.Org).Then("ORDER BY d.seq LIMIT ?", limit).List(
                connection, DeliveryRows.Waiting)));

    public Task<bool> RecordAsync(Lane lane, DeliveryAttempt attempt, TimeSpan lease, CancellationToken cancellationToken) =>
        Task.FromResult(Write(connection =>
    {
        if (!Holds(connection, lane)) return false;
        Run(connection, "UPDATE lanes SET leased_until = ? WHERE endpoint = ? AND org = ?", Now + Micros(lease), lane.Endpoint, lane.Org);
        Run(
            connection,
            """
            UPDATE deliveries SET state = ?, attempts = attempts + 1, first_at = coalesce(first_at, ?), last_at = ?, duration_ms = ?, status = ?, error = ?
            WHERE endpoint = ? AND org = ? AND seq = ? AND state = 0
            """,
            (long)attempt.State, attempt.At.UnixMicros, attempt.At.UnixMicros, attempt.DurationMs, attempt.Status, attempt.Error, lane.Endpoint, lane.Org,
            attempt.Seq);
        return true;
    }));

    public Task ReleaseAsync(Lane lane, TimeSpan pause, CancellationToken cancellationToken) => Task.FromResult(Write(connection =>
    {
        if (!Holds(connection, lane)) return false;
        Run(
            connection,
            """
            UPDATE lanes SET lease = NULL, leased_until = 0, next_at = CASE WHEN EXISTS
              (SELECT 1 FROM deliveries d WHERE d.endpoint = lanes.endpoint AND d.org = lanes.org AND d.state = 0) THEN ? ELSE ? END
            WHERE endpoint = ? AND org = ?
            """,
            Now + Micros(pause), DeliveryRows.Idle, lane.Endpoint, lane.Org);
        return true;
    }));

    public Task DropAsync(Lane lane, CancellationToken cancellationToken) => Task.FromResult(Write(connection =>
    {
        if (!Holds(connection, lane)) return false;
        Run(connection, "UPDATE deliveries SET state = 3 WHERE endpoint = ? AND org = ? AND state = 0", lane.Endpoint, lane.Org);
        Run(connection, "UPDATE lanes SET lease = NULL, leased_until = 0, next_at = ? WHERE endpoint = ? AND org = ?", DeliveryRows.Idle, lane.Endpoint,
            lane.Org);
        return true;
    }));

    public Task<IReadOnlyList<Delivery>> ListAsync(DeliveryFilter filter, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Delivery>>(Read(connection =>
        Filtered(new Query($"SELECT {DeliveryRows.Columns} FROM deliveries d"), filter).Then("ORDER BY d.seq DESC, d.endpoint LIMIT ?", filter.Limit).List(
            connection, DeliveryRows.Read)));

    public Task<int> ReplayAsync(DeliveryFilter filter, CancellationToken cancellationToken) => Task.FromResult(Write(connection =>
    {
        var dead = Filtered(new Query("SELECT d.endpoint, d.org, d.seq FROM deliveries d"), filter with { State = DeliveryState.Dead })
            .Then("ORDER BY d.seq LIMIT ?", filter.Limit)
            .List(connection, row => (Endpoint: row.Text(0), Org: row.Text(1), Seq: row.Int64(2)));
        foreach (var (endpoint, org, seq) in dead) Run(
            connection, "UPDATE deliveries SET state = 0, attempts = 0 WHERE endpoint = ? AND org = ? AND seq = ?", endpoint, org, seq);
        foreach (var (endpoint, org) in dead.Select(delivery => (delivery.Endpoint, delivery.Org))
            .Distinct()) Run(connection, "UPDATE lanes SET next_at = ? WHERE endpoint = ? AND org = ?", Now, endpoint, org);
        return dead.Count;
    }));

    public Task<int> ForgetAsync(Instant before, CancellationToken cancellationToken) => Task.FromResult(Write(connection =>
        new Query("DELETE FROM deliveries").Where("state IN (1, 3) AND recorded_at < ?", before.UnixMicros)
            .Then("RETURNING 1").List(connection, _ => true).Count));

    public Task<DeliveriesHealth> HealthAsync(CancellationToken cancellationToken) =>
        Task.FromResult(Read(connection => new Query($"SELECT {DeliveryRows.HealthColumns} FROM deliveries").Where("state IN (0, 2)")
            .List(connection, DeliveryRows.Health).Single()));

    public void Dispose()
    {
        lock (_gate)
        {
            _connection?.Dispose();
            _connection = null;
        }
    }

    private int Route(List<OutboxRow> page, List<(string Endpoint, OutboxRow Message)> wanted) => Write(connection =>
    {
        foreach (var (endpoint, message) in wanted)
        {
            Run(
                connection,
                "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, 0, 0, ?, NULL, NULL, 0, NULL, NULL) ON CONFLICT DO NOTHING",
                endpoint, message.Org, message.Seq, WaitingMessage.MessageIdOf(message.Org, message.Id), message.Type, message.RecordedAt.UnixMicros);
            Run(
                connection,
                "INSERT INTO lanes VALUES (?, ?, ?, 0, NULL) ON CONFLICT DO UPDATE SET next_at = excluded.next_at WHERE next_at = ?",
                endpoint, message.Org, Now, DeliveryRows.Idle);
        }

        Run(connection, "UPDATE relay SET routed = ?", page[^1].Seq);
        return wanted.Count;
    });

    private static Query Filtered(Query query, DeliveryFilter filter)
    {
        query = query.WhereGiven("d.org = ?", filter.Org).WhereGiven("d.endpoint = ?", filter.Endpoint).WhereGiven("d.message_id = ?", filter.MessageId);
        if (filter.Seq is { } seq) query = query.Where("d.seq = ?", seq);
        return filter.State is { } state ? query.Where("d.state = ?", (long)state) : query;
    }

    private static bool Holds(RawConnection connection, Lane lane) =>
        new Query("SELECT 1 FROM lanes").Where("endpoint = ? AND org = ? AND lease = ?", lane.Endpoint, lane.Org, lane.Lease)
            .List(connection, _ => true).Count > 0;

    private static long Micros(TimeSpan time) => (long)time.TotalMicroseconds;

    private static void Run(RawConnection connection, string sql, params ReadOnlySpan<object?> values) =>
        new Query(sql).Then("", values).List(connection, _ => true);

    private T Read<T>(Func<RawConnection, T> read)
    {
        lock (_gate) return read(Connection());
    }

    private void Write(Action<RawConnection> write) => Write(connection =>
    {
        write(connection);
        return true;
    });

    private T Write<T>(Func<RawConnection, T> write)
    {
        lock (_gate)
        {
            var connection = Connection();
            try
            {
                connection.Execute("BEGIN IMMEDIATE");
                var result = write(connection);
                connection.Execute("COMMIT");
                return result;
            }
            finally
            {
                connection.RollBack();
            }
        }
    }

    private RawConnection Connection()
    {
        if (_connection is not null) return _connection;
        var connection = RawConnection.Open(database);
        connection.Execute($"PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = {CopyAtPages}; PRAGMA temp_store = MEMORY");

        // The folder is this process's alone, so whoever had a lease is dead.
        connection.Execute("UPDATE lanes SET lease = NULL, leased_until = 0 WHERE leased_until > 0");
        return _connection = connection;
    }
}
