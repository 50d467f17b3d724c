using Tieout.Bench.Ledger;
using Tieout.Storage.Tests;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation.Bench;

/// <summary>The measurement itself, small. Times are not judged here, they are the machine's.</summary>
public sealed class LedgerBenchTests
{
    // A busy machine may take longer to answer than a ledger waits.
    private static string Server => PostgresServer.Instance.Url("postgres") + "?connect_timeout=20&command_timeout=120";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_nodes_are_measured_beside_one_that_does_as_much()
    {
        var result = await RunAsync(new(Batch: 10, Charges: 500, Orgs: 4, LedgerBenchMode.HoldSettle, "", Server, Nodes: 2));
        Assert.Equal((500, 2), (result.Charges, result.Nodes));
        Assert.Equal((500, 1), (result.OneNode!.Charges, result.OneNode.Nodes));
        Assert.True(result is { ChargesPerS: > 0, LimitRowsPerS: > 0, RatioToLimit: > 0, P50Ms: > 0, OneNode.RatioToLimit: > 0 }, $"{result}");
        Assert.Equal("0", PostgresServer.Instance.Sql("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'tieout_bench_%'"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Holds_at_a_rate_take_the_time_they_take_and_no_limit_is_measured(int nodes)
    {
        using var folder = new TemporaryFolder();
        var result =
            await RunAsync(new(Batch: 1, Charges: 300, Orgs: 3, LedgerBenchMode.SingleHold, folder.Path, nodes == 1 ? null : Server, nodes, RatePerS: 300));
        Assert.Equal((300, 300, nodes), (result.Charges, result.RatePerS, result.Nodes));
        Assert.True(result.SecondsTotal >= 0.99m, $"300 at 300 a second came in {result.SecondsTotal} s");
        Assert.True(
            result is { LimitRowsPerS: null, RatioToLimit: null, P50Ms: > 0 } && result.P50Ms <= result.P99Ms && result.P99Ms <= result.P999Ms, $"{result}");
    }

    [Fact]
    public async Task What_cannot_be_measured_is_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => RunAsync(new(1, 1, 1, LedgerBenchMode.Charge, "", Nodes: 2)));
        await Assert.ThrowsAsync<ArgumentException>(() => RunAsync(new(1, 1, 1, LedgerBenchMode.Charge, "", RatePerS: 1)));
    }

    private static Task<LedgerBenchResult> RunAsync(LedgerBenchOptions options) => LedgerBench.RunAsync(options, cancellationToken: Cancel);
}
