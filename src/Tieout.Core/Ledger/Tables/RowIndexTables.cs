using Tieout.Core.Ledger.RowIndex;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Usage rows by hour, labels and traits. Follows from usage; a write appends to what is stored.</summary>
public readonly struct HourRowsTable : IAddedTable<HourRows>
{
    public static string Name => "usage_hours";

    public static int KeyColumns => 4;

    public static HourRows Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, HourRows row)
        where TColumns : struct, IColumns
    {
        to.Long("start_at", row.Key.Start.UnixMicros);
        to.Int("attribution", row.Key.Labels);
        to.Long("traits", row.Key.Traits.Number);
        to.Long("part", row.Key.Part);
        to.Bytes("rows", row.Bytes);
    }
}

/// <summary>The runs of the index of ids. Follows from usage.</summary>
public readonly struct IdRunTable : ITable<IdRun>
{
    public static string Name => "usage_id_runs";

    public static IdRun Blank => default;

    public static void Write<TColumns>(ref TColumns to, IdRun row)
        where TColumns : struct, IColumns
    {
        to.Long("last_usage", row.Last);
        to.Long("first_usage", row.First);
        to.Long("entry_count", row.Entries);
    }
}

/// <summary>The blocks of the runs, by run and first entry. Follows from usage.</summary>
public readonly struct IdBlockTable : ITable<IdRunBlock>
{
    public static string Name => "usage_id_blocks";

    public static IdRunBlock Blank { get; } = new(0, new(default, []));

    public static void Write<TColumns>(ref TColumns to, IdRunBlock row)
        where TColumns : struct, IColumns
    {
        to.Long("run", row.Run);
        to.Long("id_key", row.Block.First.Key);
        to.Long("seq", row.Block.First.Seq);
        to.Bytes("entries", row.Block.Bytes);
    }
}
