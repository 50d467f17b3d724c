using System.Globalization;

namespace Tieout.Simulator.Replay;

/// <summary>CSV with the columns of the Azure LLM inference traces: <c>TIMESTAMP,ContextTokens,GeneratedTokens</c>.</summary>
/// <remarks>
/// The columns are found by name, so their order is free and others may stand beside them. Timestamps without an offset
/// are UTC (the 2023 traces), those with one are taken at their word (the 2024 traces).
/// </remarks>
internal static class AzureTrace
{
    private const string Time = "TIMESTAMP";
    private const string Context = "ContextTokens";
    private const string Generated = "GeneratedTokens";

    /// <param name="lines">Stands on the header line.</param>
    public static IEnumerable<TraceRow> Read(IEnumerator<TraceLine> lines)
    {
        var header = Fields(lines.Current.Text);
        var time = Column(header, Time, lines.Current.Number);
        var context = Column(header, Context, lines.Current.Number);
        var generated = Column(header, Generated, lines.Current.Number);

        DateTimeOffset? first = null;
        while (lines.MoveNext())
        {
            var line = lines.Current;
            var fields = Fields(line.Text);
            if (fields.Length != header.Length)
            {
                throw new TraceFormatException(line.Number, $"{fields.Length} fields where the header has {header.Length}.");
            }

            var at = Timestamp(fields[time], line.Number);
            first ??= at;
            yield return new(at - first.Value, Tokens(fields[context], Context, line.Number), Tokens(fields[generated], Generated, line.Number));
        }
    }

    // The traces quote nothing; a tool that rewrote one may have quoted every field.
    private static string[] Fields(string line) => [.. line.Split(',').Select(field => field.Trim().Trim('"'))];

    private static int Column(string[] header, string name, int line)
    {
        var column = Array.FindIndex(header, field => field.Equals(name, StringComparison.OrdinalIgnoreCase));
        return column >= 0 ? column : throw new TraceFormatException(
            line, $"no column {name}. A trace is CSV with {Time},{Context},{Generated} or JSON lines with timestamp, input_length, output_length.");
    }

    private static DateTimeOffset Timestamp(string field, int line) =>
        DateTimeOffset.TryParse(field, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new TraceFormatException(line, $"'{field}' in {Time} is not a time such as 2023-11-16 18:17:03.9799600.");

    private static int Tokens(string field, string column, int line) =>
        int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens <= TraceReader.TokensMax
            ? tokens
            : throw new TraceFormatException(line, $"'{field}' in {column} is not a whole number of tokens.");
}
