using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Deliveries;

/// <summary>Going through the outbox, bucket by bucket, each by one node at a time.</summary>
internal sealed partial class PostgresDeliveries
{
    private const int PageRows = 500;

    private static readonly Table<(string Endpoint, OutboxRow Message)> Messages = new Table<WaitingTable, (string Endpoint, OutboxRow Message)>(
        "ON CONFLICT DO NOTHING");

    private static readonly Table<(string Endpoint, string Org, long At)> Lanes = new Table<LanesTable, (string Endpoint, string Org, long At)>(
        $"ON CONFLICT (bucket, endpoint, org) DO UPDATE SET next_at = excluded.next_at WHERE lanes.next_at = {DeliveryRows.Idle}");

    public async Task<int> RouteAsync(Func<IReadOnlyList<Subscription>> subscriptions, CancellationToken cancellationToken)
    {
        var news = await connections.RunAsync(connection => QueryAsync(
            connection, "SELECT h.bucket, h.last_outbox FROM heads h LEFT JOIN relay r ON r.bucket = h.bucket WHERE h.last_outbox > coalesce(r.routed, 0)",
            row => (Bucket: RowReads.Int32(row, 0), UpTo: row.Int64(1))));
        if (news.Count == 0) return 0;

        // In this order: an endpoint that was set before one of these messages is known here by now.
        await watch.LookAsync(all: false);
        var wanted = subscriptions();
        var made = 0;
        foreach (var (bucket, upTo) in news)
        {
            int? routed;
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                routed = await connections.RunAsync(connection => PageAsync(connection, bucket, upTo, wanted));
                made += routed ?? 0;
            }
            while (routed is not null);
        }

        return made;
    }

    /// <returns>Null: nothing is left up to there, or another node is at it.</returns>
    private static async Task<int?> PageAsync(NpgsqlConnection connection, int bucket, long upTo, IReadOnlyList<Subscription> subscriptions)
    {
        await QueryAsync(connection, "INSERT INTO relay (bucket, routed) VALUES ($1, 0) ON CONFLICT DO NOTHING", _ => true, bucket);
        await using var transaction = await connection.BeginTransactionAsync();
        var routed = await QueryAsync(connection, "SELECT routed FROM relay WHERE bucket = $1 FOR UPDATE SKIP LOCKED", row => row.Int64(0), bucket);
        if (routed.Count == 0) return null;
        var page = await QueryAsync(
            connection, $"SELECT {RowReads.OutboxColumns} FROM outbox WHERE bucket = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT {PageRows}",
            RowReads.Outbox, bucket, routed[0], upTo);
        if (page.Count == 0) return null;
        var wanted = DeliveryRows.Wanted(page, subscriptions);
        await using var batch = new NpgsqlBatch(connection);
        Messages.Insert(batch, bucket, wanted);
        if (wanted.Count > 0)
        {
            var now = await NowAsync(connection);
            Lanes.Insert(
                batch, bucket, [.. wanted.Select(one => (one.Endpoint, one.Message.Org)).Distinct().Order().Select(lane => (lane.Endpoint, lane.Org, now))]);
        }

        batch.Add("UPDATE relay SET routed = $2 WHERE bucket = $1", bucket, page[^1].Seq);
        await batch.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        return wanted.Count;
    }
}
