namespace Tieout.Cli.Output;

/// <summary>Aligned columns of text: as readable in a pipe as on a terminal, and never wrapped.</summary>
/// <param name="columns">Headings; one that begins with <c>&gt;</c> is of a column of figures, aligned to the right.</param>
internal sealed class TextTable(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string?[] cells) => _rows.Add([.. cells.Select(cell => cell ?? "-")]);

    public async Task WriteAsync(TextWriter writer)
    {
        var headings = columns.Select(column => column.TrimStart('>')).ToArray();
        var widths = headings.Select((heading, i) => _rows.Select(row => row[i].Length).Append(heading.Length).Max()).ToArray();
        await writer.WriteLineAsync(Line(headings, widths));
        foreach (var row in _rows) await writer.WriteLineAsync(Line(row, widths));
        if (_rows.Count == 0) await writer.WriteLineAsync("(none)");
    }

    private string Line(string[] cells, int[] widths) =>
        string.Join("  ", cells.Select((cell, i) => columns[i].StartsWith('>') ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd();
}
