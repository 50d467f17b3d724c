using System.Text.Json;
using Tieout.Simulation.Running;

namespace Tieout.Simulation.Bench;

/// <summary>The measurement itself, small. Times are not judged here, they are the machine's; what is allocated is the program's, and is.</summary>
public sealed class GatewayBenchTests
{
    /// <summary>Bytes allocated for one request with 32 at once, hold, settlement, budgets and record included. The most of three runs, and a fifth.</summary>
    private const long RequestBytesMax = 18_200;

    /// <summary>Bytes allocated for one stream of 20 events. The most of three runs, and a fifth.</summary>
    private const long StreamBytesMax = 27_900;

    /// <summary>Managed heap of one open stream. What was measured, and half: it is a difference of two states of a whole heap.</summary>
    private const decimal StreamKbMax = 40;

    /// <summary>Of the whole heap, while the streams go on.</summary>
    private const decimal GrowthPercentMax = 10;

    /// <summary>Bytes allocated for one event taken in, by format, with what the follower takes to count it and to index its ids: of one run, plain (2,320),
    /// and a sixth; the others are as much above plain as they were.</summary>
    private static readonly (string Format, long BytesMax)[] EventBytesMax = [("plain", 2_300), ("cloud_events", 2_500), ("otlp", 2_700)];

    [Fact]
    public async Task A_small_measurement_has_all_its_figures_stays_within_its_allocations_and_ties_out()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-bench-");
        try
        {
            var (exit, text) =
                await TieoutProcess.RunAsync(new Dictionary<string, string>(), "bench", "gateway", "--seconds", "0.3", "--json", "--data", folder.FullName);
            Assert.True(exit == 0, text);
            var result = JsonElement.Parse(text);
            Assert.Empty(folder.GetFileSystemInfos());

            foreach (var load in (string[])["one_at_a_time", "open_loop", "at_once", "stream_first_byte", "stream_total"])
            {
                foreach (var way in (string[])["direct", "proxy", "gateway"]) AssertSane(result.GetProperty(load).GetProperty(way));
            }

            var books = result.GetProperty("tied_out");
            Assert.True(books.GetProperty("ok").GetBoolean(), text);
            Assert.Equal(books.GetProperty("expected").GetInt64(), books.GetProperty("usage_records").GetInt64());
            var streams = result.GetProperty("open_streams");
            Assert.Equal(1_000, streams.GetProperty("count").GetInt32());
            Assert.True(streams.GetProperty("managed_kb_each").GetDecimal() is > 0 and <= StreamKbMax
                && streams.GetProperty("growth_percent").GetDecimal() <= GrowthPercentMax, streams.ToString());
            AssertWithin("per_request_at_once", result.GetProperty("per_request_at_once"), RequestBytesMax);
            AssertWithin("per_stream", result.GetProperty("per_stream"), StreamBytesMax);
            foreach (var (format, max) in EventBytesMax) AssertWithin(format, result.GetProperty("ingest").GetProperty(format), max);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void AssertSane(JsonElement times)
    {
        decimal Of(string name) => times.GetProperty(name).GetDecimal();
        Assert.True(Of("answers") > 0 && Of("per_s") > 0 && Of("p50_ms") > 0, times.ToString());
        Assert.True(Of("p50_ms") <= Of("p99_ms") && Of("p99_ms") <= Of("p999_ms"), times.ToString());
    }

    private static void AssertWithin(string what, JsonElement spent, long max)
    {
        var bytes = spent.GetProperty("allocated_bytes").GetInt64();
        Assert.True(bytes > 0 && bytes <= max, $"{what} allocates {bytes} bytes; {max} are allowed.");
    }
}
