using Tieout.Core.Ledger;

namespace Tieout.Storage.Rows;

/// <summary>How both stores read deliveries back.</summary>
internal static class DeliveryRows
{
    /// <summary>As <c>next_at</c> of a lane: not before a message comes.</summary>
    public const long Idle = long.MaxValue;

    public const string Columns =
        "d.endpoint, d.org, d.seq, d.message_id, d.type, d.state, d.attempts, d.recorded_at, d.first_at, d.last_at, d.duration_ms, d.status, d.error";

    public const string WaitingColumns = "o.seq, o.id, o.org, o.type, o.body, o.recorded_at, o.crc, d.attempts";

    public static WaitingMessage Waiting(IRow row) => new(RowReads.Outbox(row), RowReads.Int32(row, 7));

    public static Delivery Read(IRow row) => new(
        row.Text(0), row.Text(1), row.Int64(2), row.Text(3), row.Text(4), (DeliveryState)row.Int64(5), RowReads.Int32(row, 6), RowReads.Time(row, 7),
        row.IsNull(8) ? null : RowReads.Time(row, 8), row.IsNull(9) ? null : RowReads.Time(row, 9), RowReads.Int32(row, 10),
        row.IsNull(11) ? null : RowReads.Int32(row, 11), row.IsNull(12) ? null : row.Text(12));

    public static DeliveriesHealth Health(IRow row) => new(row.Int64(0), row.IsNull(1) ? null : RowReads.Time(row, 1), row.Int64(2));

    public const string HealthColumns = "count(*) FILTER (WHERE state = 0), min(recorded_at) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 2)";

    /// <summary>Each message with each endpoint that wants it.</summary>
    public static List<(string Endpoint, OutboxRow Message)> Wanted(IReadOnlyList<OutboxRow> messages, IReadOnlyList<Subscription> subscriptions) =>
        [.. messages.SelectMany(message => subscriptions.Where(wants => wants.Wants(message)).Select(wants => (wants.Endpoint, message)))];
}
