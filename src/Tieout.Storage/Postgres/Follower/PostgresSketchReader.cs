using System.Data;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Reading;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>Sketches of the org's bucket, and of the ledger's rows after them, as of one moment.</summary>
internal sealed class PostgresSketchReader(PostgresConnections connections, Buckets layout, PostgresLabels labels) : ISketchReader
{
    public Task<IReadOnlyList<LabelledSketch>> SketchesAsync(RecountQuery query, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(query.Org.Org.Id);
        return connections.RunAsync(async connection =>
        {
            await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            await labels.LoadAsync(connection, bucket);
            var (tables, of) = (new BucketRows(connection, bucket), labels.Of(bucket));
            return await Task.Run<IReadOnlyList<LabelledSketch>>(
                () => [.. new SketchReading(new(FollowerPosition.Read(tables), tables, tables), no => of(no).Org).Sketches(query).Select(
                    sketch => new LabelledSketch(sketch.Key.Start, of(sketch.Key.Labels), sketch))], cancellationToken);
        });
    }
}
