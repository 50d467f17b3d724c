using Tieout.Core.Ledger.Tables;

namespace Tieout.Storage.Rows;

/// <summary>How a write adds to the stored row of the same key, from the declaration of the table.</summary>
internal static class AddedColumns<TTable, TRow>
    where TTable : struct, IAddedTable<TRow>
{
    public static IReadOnlyList<TableColumn> Key { get; } = [.. TableColumns<TTable, TRow>.All.Take(TTable.KeyColumns)];

    public static IReadOnlyList<TableColumn> Figures { get; } = [.. TableColumns<TTable, TRow>.All.Skip(TTable.KeyColumns)];

    /// <summary>What comes after the values of an INSERT.</summary>
    public static string OnConflict(in AddingSql sql)
    {
        var added = new List<string>(Figures.Count);
        foreach (var figure in Figures) added.Add($"{figure.Name} = {Together(sql, figure, $"{TTable.Name}.{figure.Name}", $"excluded.{figure.Name}")}");
        return $"ON CONFLICT ({sql.KeyBefore}{string.Join(", ", Key.Select(column => column.Name))}) DO UPDATE SET {string.Join(", ", added)}";
    }

    private static string Together(in AddingSql sql, TableColumn figure, string stored, string added) => figure switch
    {
        { Name: ['m', 'a', 'x', '_', ..] } => $"{sql.Larger}({stored}, {added})",

        // Nothing is smaller than a number, though it is stored as 0.
        { Name: ['m', 'i', 'n', '_', ..] } => $"CASE WHEN {stored} = 0 OR {added} = 0 THEN {stored} + {added} ELSE {sql.Smaller}({stored}, {added}) END",
        { Type: ColumnType.Sum } => sql.Sum(stored, added),
        { Type: ColumnType.Bytes } => sql.Joined(stored, added),
        _ => $"{stored} + {added}",
    };
}

/// <summary>How a store says what adding needs.</summary>
/// <param name="KeyBefore">Columns of the key before those that are declared, a comma behind each.</param>
/// <param name="Smaller">The function for the smaller of two numbers.</param>
/// <param name="Larger">The function for the larger.</param>
/// <param name="Sum">Adds two sums of up to 128 bits.</param>
/// <param name="Joined">Appends bytes to bytes.</param>
internal readonly record struct AddingSql(
    string KeyBefore, string Smaller, string Larger, Func<string, string, string> Sum, Func<string, string, string> Joined)
{
    /// <summary>Two blobs joined are a text there, of the same bytes.</summary>
    public static AddingSql Sqlite { get; } = new(
        "", "min", "max", (stored, added) => $"wide_sum({stored}, {added})", (stored, added) => $"CAST({stored} || {added} AS BLOB)");

    /// <summary>Sums are numeric there and have no range that adding could leave.</summary>
    public static AddingSql Postgres { get; } = new("bucket, ", "least", "greatest", (stored, added) => $"{stored} + {added}", (stored, added) => $"{stored} || {added}");
}
