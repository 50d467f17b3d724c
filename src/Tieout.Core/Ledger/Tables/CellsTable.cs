namespace Tieout.Core.Ledger.Tables;

/// <summary>The figures of a cell. They follow from rows, so they are in no chain; a write adds to what is stored.</summary>
public readonly struct CellsTable : IAddedTable<CellChange>
{
    public static string Name => "cells";

    public static int KeyColumns => 2;

    public static CellChange Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, CellChange row)
        where TColumns : struct, IColumns
    {
        to.Long("hour", row.Key.Hour);
        to.Int("attribution", row.Key.Labels);
        row.WriteUsage(ref to);
        to.Sum("charge", row.Charge.Nanos);
    }
}
