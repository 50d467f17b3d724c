using System.Collections.Concurrent;

namespace Tieout.Storage.Tests.Simulated;

/// <summary>The writer under every order of events that a million steps find. A failure names its seed; <c>TIEOUT_SEED</c> runs that one again.</summary>
public sealed class WriterSimulationTests
{
    private const int StepsOfRun = 1_000;
    private const int Runs = 1_000;
    private const int LongRuns = 20_000;

    // Goal: nothing lost, nothing twice, each sender answered once, balances equal to their rows, and a queue that moves again after every fault. Method: the
    // real writer without its threads, stepped by a seeded schedule over a store with faults, crashes, restarts and a clock that jumps both ways.
    [Fact]
    public void L3_L4_S1_no_order_of_faults_loses_doubles_or_wedges_anything()
    {
        var isLong = Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1";
        var seeds = int.TryParse(Environment.GetEnvironmentVariable("TIEOUT_SEED"), out var one)
            ? [one] : Enumerable.Range(1, isLong ? LongRuns : Runs).ToArray();
        var failures = new ConcurrentBag<(int Seed, Exception Failure)>();
        var (answered, quarantined) = (0L, 0L);
        // Without a limit it takes every thread of the pool, and the tests beside it wait for theirs.
        Parallel.ForEach(seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
        {
            try
            {
                var run = new WriterSimulation(seed);
                run.Run(StepsOfRun);
                Interlocked.Add(ref answered, run.Answered);
                Interlocked.Add(ref quarantined, run.Quarantined);
            }
            catch (Exception failure)
            {
                failures.Add((seed, failure));
                loop.Stop();
            }
        });
        Assert.True(failures.IsEmpty,
            string.Join('\n', failures.OrderBy(failure => failure.Seed).Take(3).Select(failure => $"TIEOUT_SEED={failure.Seed}: {failure.Failure}")));

        // The schedule reaches what it is for.
        Assert.True(answered > seeds.Length * 50L, $"Only {answered} submissions were answered.");
        Assert.True(quarantined > seeds.Length, $"Only {quarantined} commands were quarantined.");
    }
}
