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
        to.Long("attempts", row.Attempts);
        to.Long("failures", row.Failures);
        to.Sum("input_tokens", row.InputTokens);
        to.Sum("cache_read_tokens", row.CacheReadTokens);
        to.Sum("cache_write_tokens", row.CacheWriteTokens);
        to.Sum("output_tokens", row.OutputTokens);
        to.Sum("reasoning_tokens", row.ReasoningTokens);
        to.Sum("provider_cost", row.ProviderCost.Nanos);
        to.Sum("charge", row.Charge.Nanos);
    }
}
