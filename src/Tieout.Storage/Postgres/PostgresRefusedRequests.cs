using Npgsql;
using Tieout.Core;
using Tieout.Storage.Postgres.Reading;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres;

/// <summary>Refused requests that any number of nodes share, in the bucket of their org.</summary>
internal sealed class PostgresRefusedRequests(PostgresConnections connections, Buckets layout) : IRefusedRequests
{
    public async Task AddAsync(IReadOnlyList<RefusedRequest> requests, CancellationToken cancellationToken)
    {
        foreach (var bucket in requests.GroupBy(request => layout.Of(request.Org)))
        {
            await connections.RunAsync(async connection =>
            {
                await using var batch = new NpgsqlBatch(connection);
                foreach (var r in bucket)
                {
                    batch.Add(
                        "INSERT INTO refused_requests VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
                        bucket.Key, r.Id, r.At.UnixMicros, r.Org, r.CorrelationId, r.Token ?? "", r.Address ?? "", r.Method, r.Route ?? "", r.Status, r.Code);
                }

                foreach (var org in bucket.GroupBy(request => request.Org, StringComparer.Ordinal))
                {
                    batch.Add("DELETE FROM refused_requests WHERE bucket = $1 AND org = $2 AND at < $3", bucket.Key, org.Key,
                        (org.Max(request => request.At) - IRefusedRequests.StoredFor).UnixMicros);
                    batch.Add(
                        "DELETE FROM refused_requests WHERE bucket = $1 AND org = $2 AND at <= (SELECT at FROM refused_requests WHERE bucket = $1 AND org = $2 ORDER BY at DESC LIMIT 1 OFFSET $3)",
                        bucket.Key, org.Key, (long)IRefusedRequests.PerOrgMax);
                }

                await batch.ExecuteNonQueryAsync(cancellationToken);
            });
        }
    }

    public async Task<IReadOnlyList<RefusedRequest>> FindAsync(
        string org, string correlationId, Instant since, int limit, CancellationToken cancellationToken) => await connections.RunAsync(connection =>
        new PgQuery($"SELECT {RefusedRows.Columns} FROM refused_requests").Where(
            "bucket = ? AND org = ? AND correlation_id = ? AND at >= ?", layout.Of(org), org, correlationId, since.UnixMicros)
            .Then("ORDER BY at, id LIMIT ?", limit).ListAsync(connection, RefusedRows.Read));

    public Task ForgetAsync(Instant before, CancellationToken cancellationToken) => connections.RunAsync(async connection =>
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("DELETE FROM refused_requests WHERE at < $1", before.UnixMicros);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    });
}
