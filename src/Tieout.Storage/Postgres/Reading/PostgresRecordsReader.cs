using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Records, administrative actions and outbox messages from the tables.</summary>
internal sealed class PostgresRecordsReader(PostgresConnections connections, Buckets layout) : IRecordsReader
{
    public async Task<RecordRow?> RecordAsync(RecordKey key, CancellationToken cancellationToken) => (await connections.RunAsync(connection =>
        new PgQuery($"SELECT {RowReads.RecordColumns} FROM records").Where(
            "bucket = ? AND kind = ? AND org = ? AND name = ?", layout.Of(key.Org), (int)key.Kind, key.Org, key.Name)
            .Then("ORDER BY seq DESC LIMIT 1").ListAsync(connection, RowReads.Record))).SingleOrDefault();

    /// <remarks>One look into the index for each org: the index of names begins with the org.</remarks>
    public async Task<IReadOnlyList<RecordRow>> RecordsNamedAsync(RecordKind kind, string name, CancellationToken cancellationToken) =>
        await connections.RunAsync(async connection =>
    {
        await using var batch = new NpgsqlBatch(connection);
        for (var bucket = 0; bucket < layout.All; bucket++)
        {
            new PgQuery($"SELECT DISTINCT ON (org) {RowReads.RecordColumns} FROM records")
                .Where("bucket = ? AND kind = ? AND org IN (SELECT org FROM settings WHERE bucket = ? AND kind = ? UNION ALL SELECT '') AND name = ?", bucket,
                    (int)kind, bucket, (int)SettingKind.Org, name)
                .Then("ORDER BY org, seq DESC").AddTo(batch);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<RecordRow>();
        for (var bucket = 0; bucket < layout.All; bucket++) rows.AddRange(await reader.ListAsync(RowReads.Record));
        return rows.OrderBy(row => row.Org, StringComparer.Ordinal).ToArray();
    });

    /// <remarks>One statement for each bucket, sent together, as for audit records. An org is in one bucket, so no name comes from two.</remarks>
    public async Task<IReadOnlyList<RecordRow>> RecordsAsync(RecordKind kind, string? org, RecordKey? after, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(async connection =>
    {
        int[] places = org is not null ? [layout.Of(org)] : [.. Enumerable.Range(0, layout.All)];
        await using var batch = new NpgsqlBatch(connection);
        foreach (var bucket in places) Page(bucket, kind, org, after, limit).AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<RecordRow>();
        foreach (var _ in places) rows.AddRange(await reader.ListAsync(RowReads.Record));
        return rows.OrderBy(row => row.Org, StringComparer.Ordinal).ThenBy(row => row.Name, StringComparer.Ordinal).Take(limit).ToArray();
    });

    public Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken) => NewestRows.ReadAsync(
        connections, layout, query.Org, query.Limit, bucket => Audit(query, bucket), (bucket, row) => new StoredAudit(bucket, RowReads.Audit(row)),
        stored => stored.Place, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>Numbers are an org's bucket's own; of all orgs, messages come bucket by bucket.</remarks>
    public async Task<IReadOnlyList<OutboxRow>> OutboxAsync(string? org, long after, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => Of($"SELECT {RowReads.OutboxColumns} FROM outbox", org)
            .Where("seq > ?", after).Then("ORDER BY seq, bucket LIMIT ?", limit).ListAsync(connection, RowReads.Outbox));

    private static PgQuery Page(int bucket, RecordKind kind, string? org, RecordKey? after, int limit)
    {
        var select = new PgQuery($"SELECT DISTINCT ON (org, name) {RowReads.RecordColumns} FROM records").Where("bucket = ? AND kind = ?", bucket, (int)kind)
            .WhereGiven("org = ?", org);
        if (after is { } last && org is null) select.Where("(org, name) > (?, ?)", last.Org, last.Name);
        else select.WhereGiven("name > ?", after?.Name);
        return select.Then("ORDER BY org, name, seq DESC LIMIT ?", limit);
    }

    private static PgQuery Audit(AuditQuery query, int bucket)
    {
        var select = new PgQuery($"SELECT {RowReads.AuditColumns} FROM audit").Where("bucket = ?", bucket).WhereGiven("org = ?", query.Org).WhereGiven(
            "actor = ?", query.Actor);
        if (query.From is { } from) select.Where("recorded_at >= ?", from.UnixMicros);
        if (query.To is { } to) select.Where("recorded_at < ?", to.UnixMicros);
        return NewestRows.Before(select, query.Before).Then("ORDER BY recorded_at DESC, seq DESC LIMIT ?", query.Limit);
    }

    private PgQuery Of(string select, string? org) =>
        org is null ? new PgQuery(select) : new PgQuery(select).Where("bucket = ? AND org = ?", layout.Of(org), org);
}
