using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;

namespace Tieout.Storage.Postgres.Deliveries;

/// <summary>A message that waits for an endpoint. What becomes of it is written later, in place.</summary>
internal readonly struct WaitingTable : ITable<(string Endpoint, OutboxRow Message)>
{
    public static string Name => "deliveries";

    public static (string Endpoint, OutboxRow Message) Blank { get; } = ("", OutboxTable.Blank);

    public static void Write<TColumns>(ref TColumns to, (string Endpoint, OutboxRow Message) row)
        where TColumns : struct, IColumns
    {
        to.Text("endpoint", row.Endpoint);
        to.Text("org", row.Message.Org);
        to.Long("seq", row.Message.Seq);
        to.Text("message_id", WaitingMessage.MessageIdOf(row.Message.Org, row.Message.Id));
        to.Text("type", row.Message.Type);
        to.Int("state", 0);
        to.Int("attempts", 0);
        to.Long("recorded_at", row.Message.RecordedAt.UnixMicros);
        to.Int("duration_ms", 0);
    }
}

internal readonly struct LanesTable : ITable<(string Endpoint, string Org, long At)>
{
    public static string Name => "lanes";

    public static (string Endpoint, string Org, long At) Blank { get; } = ("", "", 0);

    public static void Write<TColumns>(ref TColumns to, (string Endpoint, string Org, long At) row)
        where TColumns : struct, IColumns
    {
        to.Text("endpoint", row.Endpoint);
        to.Text("org", row.Org);
        to.Long("next_at", row.At);
        to.Long("leased_until", 0);
    }
}
