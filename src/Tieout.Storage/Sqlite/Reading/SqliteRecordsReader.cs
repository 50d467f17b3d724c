using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Records, administrative actions and outbox messages from the file.</summary>
internal sealed class SqliteRecordsReader(ReadConnections connections) : IRecordsReader
{
    public async Task<RecordRow?> RecordAsync(RecordKey key, CancellationToken cancellationToken) =>
        (await connections.RowsAsync(cancellationToken, connection =>
        new Query($"SELECT {RowReads.RecordColumns} FROM records").Where("kind = ? AND org = ? AND name = ?", (int)key.Kind, key.Org, key.Name)
            .Then("ORDER BY seq DESC LIMIT 1").List(connection, RowReads.Record))).SingleOrDefault();

    /// <remarks>One look into the index for each org: the index of names begins with the org.</remarks>
    public Task<IReadOnlyList<RecordRow>> RecordsNamedAsync(RecordKind kind, string name, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
        new Query($"SELECT {RowReads.RecordColumns} FROM records r")
            .Where("kind = ? AND org IN (SELECT org FROM settings WHERE kind = ? UNION ALL SELECT '') AND name = ?", (int)kind, (int)SettingKind.Org, name)
            .Where("NOT EXISTS (SELECT 1 FROM records n WHERE n.kind = r.kind AND n.org = r.org AND n.name = r.name AND n.seq > r.seq)")
            .Then("ORDER BY org").List(connection, RowReads.Record));

    public Task<IReadOnlyList<RecordRow>> RecordsAsync(RecordKind kind, string? org, RecordKey? after, int limit, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
    {
        var select = new Query($"SELECT {RowReads.RecordColumns} FROM records r").Where("kind = ?", (int)kind).WhereGiven("org = ?", org);
        if (after is { } last && org is null) select.Where("(org, name) > (?, ?)", last.Org, last.Name);
        else select.WhereGiven("name > ?", after?.Name);
        return select.Where("NOT EXISTS (SELECT 1 FROM records n WHERE n.kind = r.kind AND n.org = r.org AND n.name = r.name AND n.seq > r.seq)")
            .Then("ORDER BY org, name LIMIT ?", limit).List(connection, RowReads.Record);
    });

    public Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
    {
        var select = new Query($"SELECT {RowReads.AuditColumns} FROM audit").WhereGiven("org = ?", query.Org).WhereGiven("actor = ?", query.Actor);
        if (query.From is { } from) select.Where("recorded_at >= ?", from.UnixMicros);
        if (query.To is { } to) select.Where("recorded_at < ?", to.UnixMicros);
        if (query.Before is { } before) select.Where("seq < ?", before.Seq);
        return select.Then("ORDER BY seq DESC LIMIT ?", query.Limit).List(connection, row => new StoredAudit(Bucket: 0, RowReads.Audit(row)));
    });

    public Task<IReadOnlyList<OutboxRow>> OutboxAsync(string? org, long after, int limit, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
        new Query($"SELECT {RowReads.OutboxColumns} FROM outbox").Where("seq > ?", after).WhereGiven("org = ?", org).Then("ORDER BY seq LIMIT ?", limit).List(
            connection, RowReads.Outbox));
}
