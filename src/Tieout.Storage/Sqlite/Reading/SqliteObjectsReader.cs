using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Objects from the file.</summary>
internal sealed class SqliteObjectsReader(ReadConnections connections) : IObjectsReader
{
    public Task<KeptObject?> ObjectAsync(string org, ObjectKind kind, string id, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection =>
        Objects().Where("o.org = ? AND o.kind = ? AND o.id = ?", org, (long)kind, id).List(connection, RowReads.Kept).SingleOrDefault()));

    public Task<IReadOnlyList<KeptObject>> ObjectsAsync(string org, ObjectKind kind, long before, int limit, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
        Objects().Where("o.org = ? AND o.kind = ? AND o.seq < ?", org, (long)kind, before).Then("ORDER BY o.seq DESC LIMIT ?", limit).List(
            connection, RowReads.Kept));

    public Task<long> CountObjectsAsync(string org, ObjectKind kind, int limit, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection =>
        new Query("SELECT count(*) FROM (SELECT 1 FROM objects o LEFT JOIN object_ends e ON e.object = o.seq").Where(
            "o.org = ? AND o.kind = ? AND e.object IS NULL", org, (long)kind)
            .Then("LIMIT ?)", limit).List(connection, s => s.Int64(0))[0]));

    public Task<IReadOnlyList<KeptObject>> PendingObjectsAsync(ObjectKind kind, long after, int limit, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
        Objects().Where("o.pending = 1 AND o.kind = ? AND o.seq > ? AND e.object IS NULL", (long)kind, after).Then("ORDER BY o.seq LIMIT ?", limit).List(
            connection, RowReads.Kept));

    private static Query Objects() =>
        new($"SELECT {RowReads.ObjectColumns}, {RowReads.ObjectEndColumns} FROM objects o LEFT JOIN object_ends e ON e.object = o.seq");
}
