using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

internal sealed partial class PostgresReader
{
    public Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken) => NewestAsync(
        query.Org, query.Limit, bucket => Audit(query, bucket), (bucket, row) => new StoredAudit(bucket, RowReads.Audit(row)), stored => stored.Place, cancellationToken);

    public Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken) => NewestAsync(
        query.Org, query.Limit, bucket => Findings(query, bucket), (bucket, row) => new StoredFinding(bucket, RowReads.Finding(row)), stored => stored.Place, cancellationToken);

    /// <summary>The newest rows of one org or of all.</summary>
    /// <remarks>One statement for each bucket, sent together: each is read by an index that begins with the bucket, and looks at no more rows than a page has.</remarks>
    private async Task<IReadOnlyList<T>> NewestAsync<T>(
        string? ofOrg, int limit, Func<int, PgQuery> select, Func<int, IRow, T> read, Func<T, RowPlace> place, CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        int[] places = ofOrg is { } org ? [layout.Of(org)] : [.. Enumerable.Range(0, buckets.Length)];
        await using var batch = new NpgsqlBatch(connection);
        foreach (var bucket in places) select(bucket).AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        foreach (var bucket in places) rows.AddRange(await reader.ListAsync(row => read(bucket, row)));
        return rows.OrderByDescending(row => place(row).RecordedAtMicros).ThenByDescending(row => place(row).Bucket).ThenByDescending(row => place(row).Seq).Take(limit).ToArray();
    });

    private static PgQuery Findings(FindingQuery query, int bucket)
    {
        var select = new PgQuery($"SELECT {RowReads.FindingColumns} FROM findings").Where("bucket = ?", bucket).WhereGiven("org = ?", query.Org).WhereGiven("code = ?", query.Code);
        return Before(select, query.Before).Then("ORDER BY recorded_at DESC, seq DESC LIMIT ?", query.Limit);
    }

    private static PgQuery Before(PgQuery select, RowPlace? place) =>
        place is { } before ? select.Where("(recorded_at, bucket, seq) < (?, ?, ?)", before.RecordedAtMicros, before.Bucket, before.Seq) : select;

    private static PgQuery Audit(AuditQuery query, int bucket)
    {
        var select = new PgQuery($"SELECT {RowReads.AuditColumns} FROM audit").Where("bucket = ?", bucket).WhereGiven("org = ?", query.Org).WhereGiven("actor = ?", query.Actor);
        if (query.From is { } from) select.Where("recorded_at >= ?", from.UnixMicros);
        if (query.To is { } to) select.Where("recorded_at < ?", to.UnixMicros);
        return Before(select, query.Before).Then("ORDER BY recorded_at DESC, seq DESC LIMIT ?", query.Limit);
    }
}
