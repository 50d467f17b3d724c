using Tieout.Simulator.Replay;
using Tieout.Tests;

namespace Tieout.Simulator.Tests.Replay;

public sealed class TraceReaderTests
{
    [Fact]
    public void The_azure_form_is_read()
    {
        var rows = Read("""
            TIMESTAMP,ContextTokens,GeneratedTokens
            2023-11-16 18:17:03.9799600,4808,10

            2023-11-16 18:17:04.0319600,3180,8
            """);

        Assert.Equal([new(TimeSpan.Zero, 4808, 10), new(TimeSpan.FromMilliseconds(52), 3180, 8)], rows);
    }

    [Fact]
    public void Columns_are_found_by_name_and_offsets_are_honoured()
    {
        var rows = Read("""
            GeneratedTokens,model,timestamp,ContextTokens
            1,m,"2024-05-10 00:00:00.009930+00:00",2
            3,m,2024-05-10 02:00:01.009930+02:00,4
            """);

        Assert.Equal([new(TimeSpan.Zero, 2, 1), new(TimeSpan.FromSeconds(1), 4, 3)], rows);
    }

    [Fact]
    public void The_mooncake_form_is_read_and_repeated_leading_blocks_are_cached()
    {
        var rows = Read("""
            {"timestamp": 27, "input_length": 1500, "output_length": 5, "hash_ids": [1, 2, 3]}
            {"timestamp": 30, "input_length": 1600, "output_length": 6, "hash_ids": [1, 2, 4, 3]}
            {"timestamp": 30.5, "input_length": 700, "output_length": 7, "hash_ids": [1, 2]}
            {"timestamp": 31, "input_length": 9, "output_length": 8}
            """);

        Assert.Equal(
            [
                new(TimeSpan.Zero, 1500, 5, 0),
                new(TimeSpan.FromMilliseconds(3), 1600, 6, 1024), // Block 3 was seen, but not behind 1, 2, 4.
                new(TimeSpan.FromMilliseconds(3.5), 700, 7, 700), // Two blocks, but no more than there is.
                new(TimeSpan.FromMilliseconds(4), 9, 8, null),
            ],
            rows);
    }

    // Goal: each way in which a row can be malformed, with the line that an editor would show.
    [Theory]
    [InlineData("", 1, "the trace is empty.")]
    [InlineData("\n\n", 1, "the trace is empty.")]
    [InlineData("a,b\n", 1, "no column TIMESTAMP.")]
    [InlineData("TIMESTAMP,ContextTokens\n", 1, "no column GeneratedTokens.")]
    [InlineData("H\n2023-11-16 18:17:03,1\n", 2, "2 fields where the header has 3.")]
    [InlineData("H\n\n2023-11-16 18:17:03,1,2\nyesterday,1,2\n", 4, "'yesterday' in TIMESTAMP is not a time")]
    [InlineData("H\n2023-11-16 18:17:03,1.5,2\n", 2, "'1.5' in ContextTokens is not a whole number of tokens.")]
    [InlineData("H\n2023-11-16 18:17:03,1,-2\n", 2, "'-2' in GeneratedTokens is not a whole number of tokens.")]
    [InlineData("H\n2023-11-16 18:17:03,1,100000001\n", 2, "'100000001' in GeneratedTokens is not a whole number of tokens.")]
    [InlineData("J\n{\"timestamp\": 1, \"input_", 2, "not a JSON object.")]
    [InlineData("J\n[1]\n", 2, "not a JSON object.")]
    [InlineData("J\n{\"input_length\": 1, \"output_length\": 1}", 2, "timestamp is not a number of milliseconds.")]
    [InlineData("J\n{\"timestamp\": -1, \"input_length\": 1, \"output_length\": 1}", 2, "timestamp is not a number of milliseconds.")]
    [InlineData("J\n{\"timestamp\": 1, \"input_length\": \"1\", \"output_length\": 1}", 2, "input_length is not a whole number of tokens.")]
    [InlineData("J\n{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 99999999999}", 2, "output_length is not a whole number of tokens.")]
    [InlineData("J\n{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": 5}", 2, "hash_ids is not an array.")]
    [InlineData("J\n{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [null]}", 2,
        "hash_ids holds something that is not a whole number.")]
    public void A_malformed_row_is_named_by_its_line(string text, int line, string problem)
    {
        var written = text.Replace("H\n", "TIMESTAMP,ContextTokens,GeneratedTokens\n", StringComparison.Ordinal)
            .Replace("J\n", "{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1}\n", StringComparison.Ordinal);

        var error = Assert.Throws<TraceFormatException>(() => Read(written));

        Assert.Equal(line, error.Line);
        Assert.StartsWith($"Line {line}: {problem}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_before_a_malformed_one_are_given()
    {
        var rows = TraceReader.Read(new StringReader("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,2\nbad\n"));

        Assert.Equal(new(TimeSpan.Zero, 1, 2), rows.First());
    }

    [Fact]
    public void The_whole_azure_trace_is_read()
    {
        var rows = TraceReader.ReadFile(Repo.SharedData("traces/azure-llm-inference-2023-code.csv")).ToList();

        Assert.Equal(8_819, rows.Count);
        Assert.Equal(18_059_974, rows.Sum(row => (long)row.InputTokens));
        Assert.Equal(245_896, rows.Sum(row => (long)row.OutputTokens));
        Assert.Equal(TimeSpan.FromTicks(34_359_480_560), rows[^1].Offset);
    }

    [Fact]
    public void The_whole_mooncake_trace_is_read()
    {
        var rows = TraceReader.ReadFile(Repo.SharedData("traces/mooncake-synthetic.jsonl")).ToList();

        Assert.Equal(3_993, rows.Count);
        Assert.Equal(TimeSpan.FromMilliseconds(1_022_025), rows[^1].Offset);
        Assert.All(rows, row => Assert.InRange(row.CachedTokens!.Value, 0, row.InputTokens));
        Assert.Contains(rows, row => row.CachedTokens > 0);
    }

    private static List<TraceRow> Read(string text) => [.. TraceReader.Read(new StringReader(text))];
}
