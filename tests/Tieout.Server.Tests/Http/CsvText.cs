namespace Tieout.Server.Tests.Http;

/// <summary>Reads CSV of which no cell has a line break.</summary>
internal static class CsvText
{
    public static (IReadOnlyList<string> Columns, List<Dictionary<string, string>> Rows) Table(string csv)
    {
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Cells).ToList();
        return (lines[0], [.. lines.Skip(1).Select(cells => lines[0].Zip(cells).ToDictionary(pair => pair.First, pair => pair.Second))]);
    }

    private static string[] Cells(string line)
    {
        List<string> cells = [""];
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"') cells[^1] += line[i++];
            else if (c == '"') quoted = !quoted;
            else if (c == ',' && !quoted) cells.Add("");
            else cells[^1] += c;
        }

        return [.. cells];
    }
}
