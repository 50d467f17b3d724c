using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

internal sealed partial class PostgresReader
{
    private const int AuditColumnCount = 14;

    public async Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken) => await connections.RunAsync(connection =>
    {
        var select = Of($"SELECT {RowReads.AuditColumns}, bucket FROM audit", query.Org).WhereGiven("actor = ?", query.Actor);
        if (query.From is { } from) select.Where("recorded_at >= ?", from.UnixMicros);
        if (query.To is { } to) select.Where("recorded_at < ?", to.UnixMicros);
        if (query.Before is { } before) select.Where("(recorded_at, bucket, seq) < (?, ?, ?)", before.RecordedAtMicros, before.Bucket, before.Seq);
        return select.Then("ORDER BY recorded_at DESC, bucket DESC, seq DESC LIMIT ?", query.Limit)
            .ListAsync(connection, row => new StoredAudit((int)row.Int64(AuditColumnCount), RowReads.Audit(row)));
    });
}
