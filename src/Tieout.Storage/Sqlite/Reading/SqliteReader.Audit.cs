using Tieout.Storage.Rows;

namespace Tieout.Storage.Sqlite.Reading;

internal sealed partial class SqliteReader
{
    public Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
    {
        var select = new Query($"SELECT {RowReads.AuditColumns} FROM audit").WhereGiven("org = ?", query.Org).WhereGiven("actor = ?", query.Actor);
        if (query.From is { } from) select.Where("recorded_at >= ?", from.UnixMicros);
        if (query.To is { } to) select.Where("recorded_at < ?", to.UnixMicros);
        if (query.Before is { } before) select.Where("seq < ?", before.Seq);
        return select.Then("ORDER BY seq DESC LIMIT ?", query.Limit).List(connection, row => new StoredAudit(Bucket: 0, RowReads.Audit(row)));
    });
}
