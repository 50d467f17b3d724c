using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

internal sealed partial class PostgresReader
{
    public async Task<RecordRow?> RecordAsync(RecordKey key, CancellationToken cancellationToken) => (await connections.RunAsync(connection =>
        new PgQuery($"SELECT {RowReads.RecordColumns} FROM records").Where("bucket = ? AND kind = ? AND org = ? AND name = ?", layout.Of(key.Org), (int)key.Kind, key.Org, key.Name)
            .Then("ORDER BY seq DESC LIMIT 1").ListAsync(connection, RowReads.Record))).SingleOrDefault();

    /// <remarks>One look into the index for each org: the index of names begins with the org.</remarks>
    public async Task<IReadOnlyList<RecordRow>> RecordsNamedAsync(RecordKind kind, string name, CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        await using var batch = new NpgsqlBatch(connection);
        for (var bucket = 0; bucket < buckets.Length; bucket++)
        {
            new PgQuery($"SELECT DISTINCT ON (org) {RowReads.RecordColumns} FROM records")
                .Where("bucket = ? AND kind = ? AND org IN (SELECT org FROM settings WHERE bucket = ? AND kind = ? UNION ALL SELECT '') AND name = ?", bucket, (int)kind, bucket, (int)SettingKind.Org, name)
                .Then("ORDER BY org, seq DESC").AddTo(batch);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<RecordRow>();
        for (var bucket = 0; bucket < buckets.Length; bucket++) rows.AddRange(await reader.ListAsync(RowReads.Record));
        return rows.OrderBy(row => row.Org, StringComparer.Ordinal).ToArray();
    });

    /// <remarks>One statement for each bucket, sent together, as for audit records. An org is in one bucket, so no name comes from two.</remarks>
    public async Task<IReadOnlyList<RecordRow>> RecordsAsync(RecordKind kind, string? org, RecordKey? after, int limit, CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        int[] places = org is not null ? [layout.Of(org)] : [.. Enumerable.Range(0, buckets.Length)];
        await using var batch = new NpgsqlBatch(connection);
        foreach (var bucket in places) Page(bucket, kind, org, after, limit).AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<RecordRow>();
        foreach (var _ in places) rows.AddRange(await reader.ListAsync(RowReads.Record));
        return rows.OrderBy(row => row.Org, StringComparer.Ordinal).ThenBy(row => row.Name, StringComparer.Ordinal).Take(limit).ToArray();
    });

    private static PgQuery Page(int bucket, RecordKind kind, string? org, RecordKey? after, int limit)
    {
        var select = new PgQuery($"SELECT DISTINCT ON (org, name) {RowReads.RecordColumns} FROM records").Where("bucket = ? AND kind = ?", bucket, (int)kind).WhereGiven("org = ?", org);
        if (after is { } last && org is null) select.Where("(org, name) > (?, ?)", last.Org, last.Name);
        else select.WhereGiven("name > ?", after?.Name);
        return select.Then("ORDER BY org, name, seq DESC LIMIT ?", limit);
    }
}
