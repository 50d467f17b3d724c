using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Postgres.Moving;

/// <summary>Moves what became of the outbox's messages: nothing that was told is told again, and what waits goes on waiting.</summary>
internal static class MoveDeliveries
{
    private const int PageRows = 1_000;

    public static async Task RunAsync(RawConnection source, NpgsqlConnection target, CancellationToken cancellationToken)
    {
        await using (var batch = new NpgsqlBatch(target))
        {
            batch.Add("INSERT INTO relay VALUES (0, $1)", source.ReadInt64("SELECT routed FROM relay"));
            foreach (var (endpoint, org, nextAt) in new Query("SELECT endpoint, org, next_at FROM lanes").List(
                source, row => (row.Text(0), row.Text(1), row.Int64(2))))
            {
                batch.Add("INSERT INTO lanes VALUES (0, $1, $2, $3, 0, NULL)", endpoint, org, nextAt);
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        var rows = new Query($"SELECT {DeliveryRows.Columns} FROM deliveries d").Then("ORDER BY d.endpoint, d.org, d.seq").List(source, DeliveryRows.Read);
        foreach (var page in rows.Chunk(PageRows))
        {
            await using var batch = new NpgsqlBatch(target);
            foreach (var row in page)
            {
                var insert = batch.Add(
                    "INSERT INTO deliveries VALUES (0, $1, $2, $3, $4, $5, $6, $7, $8, $10, $11, $9, $12, $13)",
                    row.Endpoint, row.Org, row.Seq, row.MessageId, row.Type, (int)row.State, row.Attempts, row.RecordedAt.UnixMicros, row.DurationMs);
                foreach (var (value, type) in (ReadOnlySpan<(object?, NpgsqlTypes.NpgsqlDbType)>)[
                    (row.FirstAt?.UnixMicros, NpgsqlTypes.NpgsqlDbType.Bigint), (row.LastAt?.UnixMicros, NpgsqlTypes.NpgsqlDbType.Bigint),
                    (row.Status, NpgsqlTypes.NpgsqlDbType.Integer), (row.Error, NpgsqlTypes.NpgsqlDbType.Text)])
                {
                    insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value ?? DBNull.Value });
                }
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
