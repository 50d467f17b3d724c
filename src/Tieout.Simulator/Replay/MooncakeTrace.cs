using System.Text.Json;

namespace Tieout.Simulator.Replay;

/// <summary>JSON lines with the fields of the Mooncake traces: <c>timestamp</c> (ms), <c>input_length</c>, <c>output_length</c>, <c>hash_ids</c>.</summary>
internal static class MooncakeTrace
{
    /// <summary>Tokens that one of <c>hash_ids</c> stands for. Equal ids mean equal text from the start up to and including that block.</summary>
    private const int BlockTokens = 512;

    /// <param name="lines">Stands on the first row.</param>
    public static IEnumerable<TraceRow> Read(IEnumerator<TraceLine> lines)
    {
        var seen = new HashSet<long>();
        TimeSpan? first = null;
        do
        {
            var row = Row(lines.Current, seen);
            first ??= row.Offset;
            yield return row with { Offset = row.Offset - first.Value };
        }
        while (lines.MoveNext());
    }

    private static TraceRow Row(TraceLine line, HashSet<long> seen)
    {
        try
        {
            using var document = JsonDocument.Parse(line.Text);
            var row = document.RootElement;
            if (row.ValueKind is not JsonValueKind.Object) throw new TraceFormatException(line.Number, "not a JSON object.");
            var input = Tokens(row, "input_length", line.Number);
            return new(Offset(row, line.Number), input, Tokens(row, "output_length", line.Number), Cached(row, input, seen, line.Number));
        }
        catch (JsonException)
        {
            throw new TraceFormatException(line.Number, "not a JSON object.");
        }
    }

    private static TimeSpan Offset(JsonElement row, int line) =>
        row.TryGetProperty("timestamp", out var value) && value.ValueKind is JsonValueKind.Number
            && value.TryGetDecimal(out var milliseconds) && milliseconds is >= 0 and < long.MaxValue / TimeSpan.TicksPerMillisecond
            ? TimeSpan.FromTicks((long)(milliseconds * TimeSpan.TicksPerMillisecond))
            : throw new TraceFormatException(line, "timestamp is not a number of milliseconds.");

    private static int Tokens(JsonElement row, string name, int line) =>
        row.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number
            && value.TryGetInt32(out var tokens) && tokens is >= 0 and <= TraceReader.TokensMax
            ? tokens
            : throw new TraceFormatException(line, $"{name} is not a whole number of tokens.");

    /// <summary>What a cache that forgets nothing would have had: the leading blocks that an earlier row sent.</summary>
    private static int? Cached(JsonElement row, int input, HashSet<long> seen, int line)
    {
        if (!row.TryGetProperty("hash_ids", out var ids)) return null;
        if (ids.ValueKind is not JsonValueKind.Array) throw new TraceFormatException(line, "hash_ids is not an array.");

        var (blocks, leading) = (0, true);
        foreach (var id in ids.EnumerateArray())
        {
            if (id.ValueKind is not JsonValueKind.Number || !id.TryGetInt64(out var hash))
            {
                throw new TraceFormatException(line, "hash_ids holds something that is not a whole number.");
            }

            leading &= !seen.Add(hash);
            if (leading) blocks++;
        }

        return (int)Math.Min(input, (long)blocks * BlockTokens);
    }
}
