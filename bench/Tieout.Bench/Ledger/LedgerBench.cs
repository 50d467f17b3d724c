using System.Diagnostics;
using System.Runtime;

namespace Tieout.Bench.Ledger;

/// <summary>Measures the ledger against the plain loop, and several nodes against one, turn and turn about in the same run, so that a machine that changes its
/// speed changes all.</summary>
public static class LedgerBench
{
    /// <summary>Charges in one turn. Preparing commands and reading rows back is not timed.</summary>
    private const int TurnCharges = 65_536;

    private const int TurnSecondsAtRate = 2;

    /// <summary>Turns that warm everything up and are not counted, at most.</summary>
    private const int WarmUpTurnsMax = 8;

    /// <summary>The runtime compiles what is called often anew, on a core of its own: while that takes more of a turn than this, it would be measured
    /// too.</summary>
    private const decimal CompilingMax = 0.05m;

    public static async Task<LedgerBenchResult> RunAsync(
        LedgerBenchOptions options, IProgress<decimal>? progress = null, CancellationToken cancellationToken = default)
    {
        Check(options);
        if (options.Mode == LedgerBenchMode.SingleHold) options = options with { Batch = 1 };
        await using BenchStore bench = options.Postgres is { } postgres
            ? await PostgresBench.OpenAsync(postgres, options.BatchMax, options.Nodes) : SqliteBench.Open(options);
        var workload = new Workload(options, bench.BucketOf);
        await Parallel.ForEachAsync(workload.Openings(), cancellationToken, async (commands, token) =>
        {
            foreach (var outcome in await bench.Nodes[0].SubmitAsync(commands, token)) LedgerLoads.Require(outcome);
        });

        await using var following = options.Follower ? new Following(bench.Nodes[0]) : null;
        var (alone, all) = (new RunMeter(), new RunMeter());
        var turn = TurnOf(options);

        var isWarm = false;
        for (var turns = 0; !isWarm && turns < WarmUpTurnsMax; turns++)
        {
            var (began, compiled) = (Stopwatch.GetTimestamp(), JitInfo.GetCompilationTime());
            if (options.Nodes > 1) await TurnAsync(1, alone, turn);
            await TurnAsync(options.Nodes, all, turn);
            isWarm = (JitInfo.GetCompilationTime() - compiled).Ticks < CompilingMax * Stopwatch.GetElapsedTime(began).Ticks;
        }

        alone.Reset();
        all.Reset();
        for (var done = 0L; done < options.Charges; done += turn)
        {
            var count = (int)Math.Min(turn, options.Charges - done);
            if (options.Nodes > 1) await TurnAsync(1, alone, count);
            await TurnAsync(options.Nodes, all, count);
            progress?.Report(Math.Clamp((decimal)(done + count) / options.Charges, 0, 1));
        }

        var one = options.Nodes > 1 ? alone.Result(options with { Nodes = 1 }, oneNode: null) : null;
        return all.Result(options, one);

        async Task TurnAsync(int nodes, RunMeter meter, int count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var ledgers = bench.Nodes.Take(nodes).ToArray();
            if (options.RatePerS is { } rate)
            {
                // Made one by one: to make them ahead would have the collector copy them in the midst of the measurement.
                meter.Begin();
                await LedgerLoads.AtRateAsync(ledgers, workload.Next(count).SelectMany(list => list), count, rate, meter);
                meter.End(count);
                return;
            }

            var lists = workload.Next(count).ToList();
            meter.Begin();
            await (options.Mode == LedgerBenchMode.SingleHold
                ? LedgerLoads.OneByOneAsync(ledgers, [.. lists.SelectMany(list => list)], meter)
                : LedgerLoads.ManyAsync(ledgers, lists, options.Mode == LedgerBenchMode.HoldSettle ? 2 : 1, bench.Outstanding, meter));
            meter.End(count);
            meter.Limit(await bench.LimitAsync(options.Batch));
        }
    }

    private static void Check(LedgerBenchOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Charges, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Orgs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Nodes, 1);
        if (options is { Nodes: > 1, Postgres: null }) throw new ArgumentException("The embedded store has one node.", nameof(options));
        if (options.RatePerS is not { } rate) return;
        ArgumentOutOfRangeException.ThrowIfLessThan(rate, 1, nameof(options.RatePerS));
        if (options.Mode != LedgerBenchMode.SingleHold) throw new ArgumentException("Only single holds come at a rate.", nameof(options));
    }

    private static int TurnOf(LedgerBenchOptions options) => options.RatePerS is { } rate ? rate * TurnSecondsAtRate
        : options.Mode == LedgerBenchMode.SingleHold ? 1_000
        : options.Batch == 1 ? 2_000
        : options.Batch * Math.Max(4, Math.Min(TurnCharges / options.Batch, 200));
}
