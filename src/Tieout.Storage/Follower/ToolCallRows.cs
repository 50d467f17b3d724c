using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Tool calls among the records, and their hours back from what the follower wrote.</summary>
internal static class ToolCallRows
{
    public static readonly string HourColumns = TableColumns<ToolHourTable, ToolHour>.Names;

    // With a sign, which changes nothing, the kind takes no index: records are read by their numbers, not every tool call there is.
    private static readonly string Sql =
        $"SELECT org, body, recorded_at FROM records WHERE +kind = {RecordKind.ToolCall:D} AND seq > ? AND seq <= ? ORDER BY seq";

    /// <summary>Calls from just after one number of records up to another.</summary>
    public static void Read(ILedgerTables ledger, long after, long last, Action<string, ToolCall, Instant> take)
    {
        if (after >= last) return;
        using var rows = ledger.Select(Sql, after, last);
        while (rows.Step())
        {
            if (ToolCall.Parse(rows.Text(1)) is { } call) take(rows.Text(0), call, RowReads.Time(rows, 2));
        }
    }

    public static ToolHour Hour(IRow row)
    {
        var from = new ColumnReader(row);
        return new(new(from.Int(), from.Time(), from.Text(), from.Text())) { Calls = from.Long(), Failures = from.Long(), Retries = from.Long() };
    }
}
