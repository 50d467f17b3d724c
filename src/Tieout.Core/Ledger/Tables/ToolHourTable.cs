using Tieout.Core.Ledger.Tools;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Tool calls by org, hour, feature and tool. They follow from records, so they are in no chain; a write adds to what is stored.</summary>
public readonly struct ToolHourTable : IAddedTable<ToolHour>
{
    public static string Name => "tool_hours";

    public static int KeyColumns => 4;

    public static ToolHour Blank { get; } = new(new(0, default, "", ""));

    public static void Write<TColumns>(ref TColumns to, ToolHour row)
        where TColumns : struct, IColumns
    {
        to.Int("org", row.Key.Org);
        to.Long("start_at", row.Key.Start.UnixMicros);
        to.Text("feature", row.Key.Feature);
        to.Text("tool", row.Key.Tool);
        to.Long("calls", row.Calls);
        to.Long("failures", row.Failures);
        to.Long("retries", row.Retries);
    }
}
