using Tieout.Core.Money;

namespace Tieout.Server.Http;

/// <summary>A line of CSV as a spreadsheet may open it.</summary>
internal static class CsvLine
{
    /// <param name="cells">Null: empty.</param>
    public static string Of(IEnumerable<string?> cells) => string.Join(',', cells.Select(Cell)) + '\n';

    /// <summary>Quoted where it must be. What a spreadsheet would take for a formula begins with an apostrophe; amounts below zero do not.</summary>
    private static string Cell(string? cell)
    {
        if (string.IsNullOrEmpty(cell)) return "";
        if (cell[0] is '=' or '+' or '-' or '@' or '\t' or '\r' && !Amount.TryParse(cell, out _)) cell = "'" + cell;
        return cell.AsSpan().IndexOfAny(",\"\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
