using System.Data;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>The row index of the org's bucket, and the ledger's rows after it, as of one moment.</summary>
internal sealed class PostgresRowIndexReader(PostgresConnections connections, Buckets layout) : IRowIndexReader
{
    public Task<IReadOnlyList<long>> HourAsync(
        OrgState org, Instant hour, IReadOnlyCollection<int> labels, long before, int limit, CancellationToken cancellationToken) =>
        ReadAsync(org, reading => reading.Hour(hour, labels, before, limit), cancellationToken);

    private Task<T> ReadAsync<T>(OrgState org, Func<RowIndexReading, T> read, CancellationToken cancellationToken) =>
        connections.RunAsync(async connection =>
        {
            await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            var tables = new BucketRows(connection, layout.Of(org.Org.Id));
            return await Task.Run(() => read(new(new(FollowerPosition.Read(tables), tables, tables))), cancellationToken);
        });
}
