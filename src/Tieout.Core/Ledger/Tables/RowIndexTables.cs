using Tieout.Core.Ledger.RowIndex;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Usage rows by hour and labels. Follows from usage; a write appends to what is stored.</summary>
public readonly struct HourRowsTable : IAddedTable<HourRows>
{
    public static string Name => "usage_hours";

    public static int KeyColumns => 3;

    public static HourRows Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, HourRows row)
        where TColumns : struct, IColumns
    {
        to.Long("start_at", row.Key.Start.UnixMicros);
        to.Int("attribution", row.Key.Labels);
        to.Long("part", row.Key.Part);
        to.Bytes("rows", row.Bytes);
    }
}
