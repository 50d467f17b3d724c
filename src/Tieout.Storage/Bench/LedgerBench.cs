using System.Diagnostics;
using Tieout.Core.Ledger;

namespace Tieout.Storage.Bench;

/// <summary>What to measure. <c>tieout bench ledger</c>.</summary>
/// <param name="Batch">Commands a commit.</param>
/// <param name="Charges">Charges, or pairs of hold and settlement, or single holds, in all.</param>
/// <param name="Orgs">Orgs they are spread over; each has budgets on itself, two teams and three keys.</param>
/// <param name="Folder">An empty folder on the disk to be measured.</param>
/// <param name="Postgres">The address of a database of the server to be measured: a database of its own is made there, and dropped again. Null: the embedded store.</param>
public sealed record LedgerBenchOptions(int Batch, long Charges, int Orgs, LedgerBenchMode Mode, string Folder, string? Postgres = null);

public enum LedgerBenchMode
{
    /// <summary>Usage measured already: record, charge, windows.</summary>
    Charge,

    /// <summary>What the gateway does: a hold, then the settlement that ends it. Counted in pairs.</summary>
    HoldSettle,

    /// <summary>One hold after another, each waited for: what a lone request pays.</summary>
    SingleHold,
}

/// <param name="LimitRowsPerS">The same rows a second by a plain loop without rules (on PostgreSQL: COPY), same layout, same durability, same batch.</param>
/// <param name="P50Ms">From handing a batch in to its outcomes being durable.</param>
/// <param name="CpuS">Processor seconds of the product's part alone, all cores.</param>
/// <param name="SecondsTotal">Of the product's part.</param>
public sealed record LedgerBenchResult(
    long Charges, int Batch, decimal ChargesPerS, decimal LimitRowsPerS, decimal RatioToLimit, decimal P50Ms, decimal P99Ms, decimal CpuS,
    decimal SecondsTotal, decimal ManagedMb);

/// <summary>Measures the ledger against the plain loop, turn and turn about in the same run, so that a machine that changes its speed changes both.</summary>
public static class LedgerBench
{
    /// <summary>Charges in one turn. Preparing commands and reading rows back is not timed.</summary>
    private const int TurnCharges = 65_536;

    public static async Task<LedgerBenchResult> RunAsync(LedgerBenchOptions options, IProgress<decimal>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Charges, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Orgs, 1);
        await using BenchStore bench = options.Postgres is { } postgres ? await PostgresBench.OpenAsync(postgres, options.Batch) : SqliteBench.Open(options);
        var ledger = bench.Ledger;
        var workload = new Workload(options, bench.BucketOf);
        var meter = new Meter();
        await Parallel.ForEachAsync(workload.Openings(), cancellationToken, async (commands, token) =>
        {
            foreach (var outcome in await ledger.SubmitAsync(commands, token)) Require(outcome);
        });

        // The first turn warms both up and is not counted.
        for (long done = -TurnOf(options); done < options.Charges; done += TurnOf(options))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(TurnOf(options), done < 0 ? TurnOf(options) : options.Charges - done);
            var lists = workload.Next(count);
            meter.Begin();
            if (options.Mode == LedgerBenchMode.SingleHold) await OneByOneAsync(ledger, lists, meter);
            else await ManyAsync(ledger, lists, meter, bench.Outstanding);
            meter.End(count);
            meter.Limit(await bench.LimitAsync(options.Batch));
            if (done < 0) meter.Reset();
            progress?.Report(Math.Clamp((decimal)(done + count) / options.Charges, 0, 1));
        }

        return meter.Result(options);
    }

    private static int TurnOf(LedgerBenchOptions options) => options.Mode == LedgerBenchMode.SingleHold ? 1_000
        : options.Batch == 1 ? 2_000
        : options.Batch * Math.Max(4, Math.Min(TurnCharges / options.Batch, 200));

    private static async Task OneByOneAsync(ILedger ledger, IReadOnlyList<IReadOnlyList<Command>> lists, Meter meter)
    {
        foreach (var list in lists)
        {
            foreach (var command in list)
            {
                var start = Stopwatch.GetTimestamp();
                Require(await ledger.SubmitAsync(command));
                meter.Took(start);
            }
        }
    }

    private static async Task ManyAsync(ILedger ledger, IReadOnlyList<IReadOnlyList<Command>> lists, Meter meter, int outstanding)
    {
        var waiting = new Queue<(long Start, Task<IReadOnlyList<Outcome>> Outcomes)>();
        foreach (var list in lists)
        {
            if (waiting.Count == outstanding) await FinishAsync(waiting.Dequeue());
            waiting.Enqueue((Stopwatch.GetTimestamp(), ledger.SubmitAsync(list).AsTask()));
        }

        while (waiting.Count > 0) await FinishAsync(waiting.Dequeue());

        async Task FinishAsync((long Start, Task<IReadOnlyList<Outcome>> Outcomes) batch)
        {
            foreach (var outcome in await batch.Outcomes) Require(outcome);
            meter.Took(batch.Start);
        }
    }

    private static void Require(Outcome outcome)
    {
        if (outcome is not Outcome.Done) throw new InvalidOperationException($"The benchmark's own command was not carried out: {outcome}.");
    }
}
