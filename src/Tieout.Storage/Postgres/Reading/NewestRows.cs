using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Pages of the newest rows first, of one org or of all.</summary>
internal static class NewestRows
{
    /// <summary>The newest rows of one org or of all.</summary>
    /// <remarks>One statement for each bucket, sent together: each is read by an index that begins with the bucket, and looks at no more rows than a page
    /// has.</remarks>
    public static async Task<IReadOnlyList<T>> ReadAsync<T>(
        PostgresConnections connections, Buckets layout, string? ofOrg, int limit, Func<int, PgQuery> select, Func<int, IRow, T> read, Func<T, RowPlace> place,
        CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        int[] places = ofOrg is { } org ? [layout.Of(org)] : [.. Enumerable.Range(0, layout.All)];
        await using var batch = new NpgsqlBatch(connection);
        foreach (var bucket in places) select(bucket).AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        foreach (var bucket in places) rows.AddRange(await reader.ListAsync(row => read(bucket, row)));
        return rows.OrderByDescending(row => place(row).RecordedAtMicros)
            .ThenByDescending(row => place(row).Bucket).ThenByDescending(row => place(row).Seq).Take(limit).ToArray();
    });

    public static PgQuery Before(PgQuery select, RowPlace? place) =>
        place is { } before ? select.Where("(recorded_at, bucket, seq) < (?, ?, ?)", before.RecordedAtMicros, before.Bucket, before.Seq) : select;
}
