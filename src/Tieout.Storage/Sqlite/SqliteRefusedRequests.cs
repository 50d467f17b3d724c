using Tieout.Core;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite;

/// <summary>Refused requests of the embedded store: in the ledger's file.</summary>
internal sealed class SqliteRefusedRequests(SideConnection side) : IRefusedRequests
{
    public Task AddAsync(IReadOnlyList<RefusedRequest> requests, CancellationToken cancellationToken) => side.WriteAsync(connection =>
    {
        foreach (var r in requests)
        {
            SideConnection.Run(
                connection, "INSERT INTO refused_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                r.Id, r.At.UnixMicros, r.Org, r.CorrelationId, r.Token ?? "", r.Address ?? "", r.Method, r.Route ?? "", r.Status, r.Code);
        }

        foreach (var org in requests.GroupBy(request => request.Org, StringComparer.Ordinal))
        {
            SideConnection.Run(
                connection,
                "DELETE FROM refused_requests WHERE org = ? AND (at < ? OR at <= (SELECT at FROM refused_requests WHERE org = ? ORDER BY at DESC LIMIT 1 OFFSET ?))",
                org.Key, (org.Max(request => request.At) - IRefusedRequests.StoredFor).UnixMicros, org.Key, (long)IRefusedRequests.PerOrgMax);
        }
    }, cancellationToken);

    public Task<IReadOnlyList<RefusedRequest>> FindAsync(string org, string correlationId, Instant since, int limit, CancellationToken cancellationToken) =>
        side.ReadAsync<IReadOnlyList<RefusedRequest>>(
            connection => new Query($"SELECT {RefusedRows.Columns} FROM refused_requests").Where(
                "org = ? AND correlation_id = ? AND at >= ?", org, correlationId, since.UnixMicros)
                .Then("ORDER BY at, id LIMIT ?", limit).List(connection, RefusedRows.Read), cancellationToken);

    public Task ForgetAsync(Instant before, CancellationToken cancellationToken) =>
        side.WriteAsync(connection => SideConnection.Run(connection, "DELETE FROM refused_requests WHERE at < ?", before.UnixMicros), cancellationToken);
}
