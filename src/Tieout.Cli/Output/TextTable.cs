using Spectre.Console;

namespace Tieout.Cli.Output;

/// <summary>Rows and columns of text. A pipe or file gets aligned text that is never wrapped; a terminal gets a table as wide as its window.</summary>
/// <param name="columns">Headings; one that begins with <c>&gt;</c> is of a column of figures, aligned to the right.</param>
internal sealed class TextTable(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string?[] cells) => _rows.Add([.. cells.Select(cell => cell ?? "-")]);

    public async Task WriteAsync(TextWriter writer)
    {
        if (writer is TerminalWriter terminal) terminal.Console.Write(Drawn());
        else await WriteLinesAsync(writer);
        if (_rows.Count == 0) await writer.WriteLineAsync("(none)");
    }

    private static bool IsFigures(string column) => column.StartsWith('>');

    private static string Heading(string column) => column.TrimStart('>');

    private Table Drawn()
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            var heading = new Text(Heading(column), new(decoration: Decoration.Bold));
            table.AddColumn(new TableColumn(heading) { Alignment = IsFigures(column) ? Justify.Right : Justify.Left, NoWrap = IsFigures(column) });
        }

        // Text and not markup: a name may contain brackets.
        foreach (var row in _rows) table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }

    private async Task WriteLinesAsync(TextWriter writer)
    {
        var headings = columns.Select(Heading).ToArray();
        var widths = headings.Select((heading, i) => _rows.Select(row => row[i].GetCellWidth()).Append(heading.Length).Max()).ToArray();
        await writer.WriteLineAsync(Line(headings, widths));
        foreach (var row in _rows) await writer.WriteLineAsync(Line(row, widths));
    }

    private string Line(string[] cells, int[] widths) => string.Join("  ", cells.Select((cell, i) => Padded(cell, widths[i], IsFigures(columns[i])))).TrimEnd();

    /// <remarks>A character of East Asia is two columns wide, so the length of a text is not its width.</remarks>
    private static string Padded(string cell, int width, bool toTheRight)
    {
        var room = new string(' ', width - cell.GetCellWidth());
        return toTheRight ? room + cell : cell + room;
    }
}
