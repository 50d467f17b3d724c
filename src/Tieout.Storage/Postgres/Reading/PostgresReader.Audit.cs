using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

internal sealed partial class PostgresReader
{
    /// <remarks>One statement for each bucket, sent together: each is read by an index that begins with the bucket, and looks at no more rows than a page has.</remarks>
    public async Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        int[] places = query.Org is { } org ? [layout.Of(org)] : [.. Enumerable.Range(0, buckets.Length)];
        await using var batch = new NpgsqlBatch(connection);
        foreach (var bucket in places) Audit(query, bucket).AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<StoredAudit>();
        foreach (var bucket in places) rows.AddRange(await reader.ListAsync(row => new StoredAudit(bucket, RowReads.Audit(row))));
        return rows.OrderByDescending(stored => stored.Place.RecordedAtMicros).ThenByDescending(stored => stored.Bucket).ThenByDescending(stored => stored.Row.Seq).Take(query.Limit).ToArray();
    });

    private static PgQuery Audit(AuditQuery query, int bucket)
    {
        var select = new PgQuery($"SELECT {RowReads.AuditColumns} FROM audit").Where("bucket = ?", bucket).WhereGiven("org = ?", query.Org).WhereGiven("actor = ?", query.Actor);
        if (query.From is { } from) select.Where("recorded_at >= ?", from.UnixMicros);
        if (query.To is { } to) select.Where("recorded_at < ?", to.UnixMicros);
        if (query.Before is { } before) select.Where("(recorded_at, bucket, seq) < (?, ?, ?)", before.RecordedAtMicros, before.Bucket, before.Seq);
        return select.Then("ORDER BY recorded_at DESC, seq DESC LIMIT ?", query.Limit);
    }
}
