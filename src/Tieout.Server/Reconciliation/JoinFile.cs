namespace Tieout.Server.Reconciliation;

/// <summary>Reads a file of another book row by row: CSV, or JSON with one object a line where its name ends in <c>.jsonl</c> or <c>.ndjson</c>.</summary>
public static class JoinFile
{
    /// <param name="columns">By name; a required one must be there.</param>
    /// <param name="row">Gets the cells in the order of <paramref name="columns"/> (null: no such column, or nothing in it), the cost, and the line.</param>
    /// <param name="cost">The column with the cost.</param>
    /// <exception cref="Http.ApiRefusedException">The file cannot be read for certain.</exception>
    public static Task ReadAsync(
        Stream file, string name, IReadOnlyList<(string Name, bool Required)> columns, string cost, Action<string?[], decimal, long> row,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<(string, bool)> all = [.. columns, (cost, true)];
        Action<string?[], long> cells = (values, line) => row([.. values[..^1].Select(Named)], Figure.Read(values[^1]?.Trim(), line, cost), line);
        return name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".ndjson", StringComparison.OrdinalIgnoreCase)
            ? JsonLinesRows.ReadAsync(file, all, cells, cancellationToken) : CsvRows.ReadAsync(file, all, cells, cancellationToken);
    }

    private static string? Named(string? cell) => cell?.Trim() is { Length: > 0 } text && !Figure.IsNull(text) ? text : null;
}
