using System.Globalization;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation;

/// <summary>A figure as files write it: a plain decimal, or a float's exponent form. Nothing that could mean two things.</summary>
internal static class Figure
{
    /// <summary>More is no money.</summary>
    private const decimal Max = 9_000_000_000_000;

    private const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <param name="text">Null, empty or <c>NULL</c>: nothing was counted.</param>
    /// <exception cref="ApiRefusedException">It is not a figure.</exception>
    public static decimal Read(string? text, long line, string column)
    {
        if (text is null || text.Length == 0 || IsNull(text)) return 0;
        if (decimal.TryParse(text, Plain, CultureInfo.InvariantCulture, out var figure))
        {
            return Math.Abs(figure) <= Max ? figure : throw FileRefused.At(line, $"'{Inputs.Shown(text)}' in {column} is larger than any amount.");
        }

        throw FileRefused.At(
            line, text.Contains(',', StringComparison.Ordinal) || text.Contains('\'', StringComparison.Ordinal) || text.Contains(' ', StringComparison.Ordinal)
            ? $"'{Inputs.Shown(text)}' in {column} has a thousands separator or a decimal comma, which could mean two amounts: write 1234.56."
            : $"'{Inputs.Shown(text)}' in {column} is not a figure: write 1234.56.");
    }

    /// <summary>What databases and FOCUS files write for nothing.</summary>
    public static bool IsNull(string text) => text is "NULL" or "null" or "\\N";
}
