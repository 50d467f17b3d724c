using System.Data;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>Tool calls of the org's bucket, and of the ledger's records after them, as of one moment.</summary>
internal sealed class PostgresToolCallsReader(PostgresConnections connections, Buckets layout) : IToolCallsReader
{
    public Task<IReadOnlyList<ToolHour>> ToolHoursAsync(RecountQuery query, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(query.Org.Org.Id);
        return connections.RunAsync(async connection =>
        {
            await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            var tables = new BucketRows(connection, bucket);
            return await Task.Run(() => new ToolReading(new(FollowerPosition.Read(tables), tables, tables)).Hours(query), cancellationToken);
        });
    }
}
