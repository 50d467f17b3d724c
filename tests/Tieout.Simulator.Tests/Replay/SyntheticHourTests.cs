using Tieout.Simulator.Replay;

namespace Tieout.Simulator.Tests.Replay;

public sealed class SyntheticHourTests
{
    [Fact]
    public void The_same_seed_gives_the_same_rows_and_another_seed_others()
    {
        Assert.Equal(SyntheticHour.Rows(5), SyntheticHour.Rows(5));
        Assert.NotEqual(SyntheticHour.Rows(5), SyntheticHour.Rows(6));
    }

    // Goal: what a seed must not change: totals, quantiles and bursts within a few percent of the trace's own.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1_000_003)]
    public void Every_seed_has_the_statistics_of_the_trace(int seed)
    {
        var rows = SyntheticHour.Rows(seed);

        Assert.Equal(8_819, rows.Count);
        Assert.InRange(rows[^1].Offset.TotalSeconds, 3_200, 3_700);                  // 3,436 in the trace
        Assert.InRange(rows.Average(row => row.InputTokens), 2_000, 2_100);          // 2,047.8
        Assert.InRange(rows.Average(row => row.OutputTokens), 27, 29.5);             // 27.9
        Assert.InRange(Quantile(rows, row => row.InputTokens, 50), 1_450, 1_490);    // 1,469
        Assert.InRange(Quantile(rows, row => row.OutputTokens, 90), 54, 56);         // 55
        Assert.InRange(Quantile(rows, row => row.OutputTokens, 99), 245, 260);       // 252
        Assert.InRange(rows.Max(row => row.InputTokens), 7_400, 7_437);
        Assert.Equal(6, rows.Min(row => row.OutputTokens));

        var seconds = (int)rows[^1].Offset.TotalSeconds + 1;
        var counts = new int[seconds];
        foreach (var row in rows) counts[(int)row.Offset.TotalSeconds]++;
        var mean = (double)rows.Count / seconds;
        Assert.InRange(counts.Count(count => count == 0) / (double)seconds, 0.65, 0.80);                        // 0.73
        Assert.InRange(counts.Sum(count => (count - mean) * (count - mean)) / seconds / mean, 6, 14);           // 13.2
    }

    [Fact]
    public void A_shorter_hour_keeps_the_rate()
    {
        var rows = SyntheticHour.Rows(seed: 3, count: 1_000);

        Assert.Equal(1_000, rows.Count);
        Assert.InRange(rows.Average(row => row.InputTokens), 2_000, 2_100);
        Assert.InRange(rows[^1].Offset.TotalSeconds, 200, 500);
        Assert.Single(SyntheticHour.Rows(seed: 3, count: 1));
    }

    private static int Quantile(IReadOnlyList<TraceRow> rows, Func<TraceRow, int> of, int percent) =>
        rows.Select(of).Order().ElementAt(rows.Count * percent / 100);
}
