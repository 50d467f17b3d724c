using Tieout.Core;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite;

/// <summary>Refused requests of the embedded store: in the ledger's file, by a connection of their own. A power cut may lose the last of them.</summary>
internal sealed class SqliteRefusedRequests(string database) : IRefusedRequests, IDisposable
{
    private readonly Lock _gate = new();
    private RawConnection? _connection;

    public Task AddAsync(IReadOnlyList<RefusedRequest> requests, CancellationToken cancellationToken) => Task.Run(() => Write(connection =>
    {
        foreach (var r in requests)
        {
            Run(
                connection, "INSERT INTO refused_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                r.Id, r.At.UnixMicros, r.Org, r.CorrelationId, r.Token ?? "", r.Address ?? "", r.Method, r.Route ?? "", r.Status, r.Code);
        }

        foreach (var org in requests.GroupBy(request => request.Org, StringComparer.Ordinal))
        {
            Run(
                connection,
                "DELETE FROM refused_requests WHERE org = ? AND (at < ? OR at <= (SELECT at FROM refused_requests WHERE org = ? ORDER BY at DESC LIMIT 1 OFFSET ?))",
                org.Key, (org.Max(request => request.At) - IRefusedRequests.StoredFor).UnixMicros, org.Key, (long)IRefusedRequests.PerOrgMax);
        }
    }), cancellationToken);

    public Task<IReadOnlyList<RefusedRequest>> FindAsync(string org, string correlationId, Instant since, int limit, CancellationToken cancellationToken) => Task.Run<IReadOnlyList<RefusedRequest>>(() =>
    {
        lock (_gate)
        {
            return new Query($"SELECT {RefusedRows.Columns} FROM refused_requests").Where("org = ? AND correlation_id = ? AND at >= ?", org, correlationId, since.UnixMicros)
                .Then("ORDER BY at, id LIMIT ?", limit).List(Connection(), RefusedRows.Read);
        }
    }, cancellationToken);

    public Task ForgetAsync(Instant before, CancellationToken cancellationToken) =>
        Task.Run(() => Write(connection => Run(connection, "DELETE FROM refused_requests WHERE at < ?", before.UnixMicros)), cancellationToken);

    public void Dispose()
    {
        lock (_gate)
        {
            _connection?.Dispose();
            _connection = null;
        }
    }

    private static void Run(RawConnection connection, string sql, params ReadOnlySpan<object?> values) => new Query(sql).Then("", values).List(connection, _ => true);

    private void Write(Action<RawConnection> write)
    {
        lock (_gate)
        {
            var connection = Connection();
            try
            {
                connection.Execute("BEGIN IMMEDIATE");
                write(connection);
                connection.Execute("COMMIT");
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
        connection.Execute("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
        return _connection = connection;
    }
}
