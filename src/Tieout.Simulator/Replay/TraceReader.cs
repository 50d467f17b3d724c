namespace Tieout.Simulator.Replay;

/// <summary>Reads recorded traffic in the two published forms, told apart by their first line.</summary>
public static class TraceReader
{
    /// <summary>More tokens than this in one request is a damaged row, not traffic.</summary>
    internal const int TokensMax = 100_000_000;

    /// <summary>Rows of a file, read as they are asked for, so a trace may be larger than memory.</summary>
    /// <exception cref="IOException">The file cannot be opened; thrown at the first row, not at the call.</exception>
    /// <exception cref="TraceFormatException">A row is malformed; thrown when that row is reached.</exception>
    public static IEnumerable<TraceRow> ReadFile(string path)
    {
        using var reader = new StreamReader(path);
        foreach (var row in Read(reader)) yield return row;
    }

    /// <inheritdoc cref="ReadFile"/>
    public static IEnumerable<TraceRow> Read(TextReader reader)
    {
        using var lines = Lines(reader).GetEnumerator();
        if (!lines.MoveNext()) throw new TraceFormatException(1, "the trace is empty.");

        var rows = lines.Current.Text.StartsWith('{') ? MooncakeTrace.Read(lines) : AzureTrace.Read(lines);
        foreach (var row in rows) yield return row;
    }

    /// <summary>Lines that say something, with their one-based numbers; blank ones are skipped but counted.</summary>
    private static IEnumerable<TraceLine> Lines(TextReader reader)
    {
        for (var number = 1; reader.ReadLine() is { } text; number++)
        {
            // A byte order mark is left when the reader was not made from a file.
            var trimmed = text.AsSpan().Trim().TrimStart('\uFEFF');
            if (trimmed.Length > 0) yield return new(number, trimmed.ToString());
        }
    }
}

internal readonly record struct TraceLine(int Number, string Text);
