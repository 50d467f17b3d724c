using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Objects from the tables.</summary>
internal sealed class PostgresObjectsReader(PostgresConnections connections, Buckets layout) : IObjectsReader
{
    public async Task<KeptObject?> ObjectAsync(string org, ObjectKind kind, string id, CancellationToken cancellationToken) =>
        (await connections.RunAsync(connection => Objects(layout.Of(org)).Where("o.org = ? AND o.kind = ? AND o.id = ?", org, (int)kind, id)
            .ListAsync(connection, RowReads.Kept))).SingleOrDefault();

    public async Task<IReadOnlyList<KeptObject>> ObjectsAsync(string org, ObjectKind kind, long before, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => Objects(layout.Of(org)).Where("o.org = ? AND o.kind = ? AND o.seq < ?", org, (int)kind, before)
            .Then("ORDER BY o.seq DESC LIMIT ?", limit).ListAsync(connection, RowReads.Kept));

    public async Task<long> CountObjectsAsync(string org, ObjectKind kind, int limit, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        var count = new PgQuery("SELECT count(*) FROM (SELECT 1 FROM objects o LEFT JOIN object_ends e ON e.bucket = ? AND e.object = o.seq", bucket)
            .Where("o.bucket = ? AND o.org = ? AND o.kind = ? AND e.object IS NULL", bucket, org, (int)kind).Then("LIMIT ?) n", limit);
        return await connections.RunAsync(async connection => (await count.ListAsync(connection, row => row.Int64(0)))[0]);
    }

    /// <inheritdoc/>
    /// <remarks>Numbers are a bucket's own: a page has all objects of its last number, so that the next can begin after it.</remarks>
    public async Task<IReadOnlyList<KeptObject>> PendingObjectsAsync(ObjectKind kind, long after, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => new PgQuery($"{ObjectSelect} e.bucket = o.bucket AND e.object = o.seq").Where(
            "o.pending = 1 AND o.kind = ? AND o.seq > ? AND e.object IS NULL", (int)kind, after)
            .Then("ORDER BY o.seq FETCH FIRST (?) ROWS WITH TIES", limit).ListAsync(connection, RowReads.Kept));

    private static readonly string ObjectSelect = $"SELECT {RowReads.ObjectColumns}, {RowReads.ObjectEndColumns} FROM objects o LEFT JOIN object_ends e ON";

    private static PgQuery Objects(int bucket) => new PgQuery($"{ObjectSelect} e.bucket = ? AND e.object = o.seq", bucket).Where("o.bucket = ?", bucket);
}
