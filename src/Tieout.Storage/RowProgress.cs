namespace Tieout.Storage;

/// <summary>How far a long piece of work has come.</summary>
/// <param name="Done">Rows that are done.</param>
/// <param name="Total">Rows in all, as far as is known; it may still grow.</param>
public readonly record struct RowProgress(long Done, long Total);
