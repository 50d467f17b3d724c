using System.Diagnostics;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Bench.Ledger;

/// <summary>How commands are handed in, and how long each took until it was durable.</summary>
/// <remarks>Which node gets a command is drawn, not in turn: in turn each would always get the same orgs. Seeded, so that every run is the same.</remarks>
internal static class LedgerLoads
{
    private const int Seed = 1;

    /// <summary>Each when the one before it is answered: what a lone request pays.</summary>
    public static async Task OneByOneAsync(IReadOnlyList<ILedger> nodes, IReadOnlyList<Command> commands, RunMeter meter)
    {
        var draw = new Random(Seed);
        foreach (var command in commands)
        {
            var start = Stopwatch.GetTimestamp();
            Require(await nodes[draw.Next(nodes.Count)].SubmitAsync(command));
            meter.Took(Stopwatch.GetTimestamp() - start);
        }
    }

    /// <summary>Each at its time, whether or not those before it are answered, and timed from then. That a thread sleeps a millisecond at least is in the
    /// times.</summary>
    public static async Task AtRateAsync(IReadOnlyList<ILedger> nodes, IEnumerable<Command> commands, int count, int perS, RunMeter meter)
    {
        var arrivals = new Task<long>[count];
        await Task.Factory.StartNew(
            () =>
            {
                var draw = new Random(Seed);
                var begin = Stopwatch.GetTimestamp();
                foreach (var (i, command) in commands.Index())
                {
                    var due = begin + (i * Stopwatch.Frequency / perS);
                    while (Stopwatch.GetTimestamp() < due) Thread.Sleep(1);
                    var node = nodes[draw.Next(nodes.Count)];
                    arrivals[i] = Task.Run(async () =>
                    {
                        Require(await node.SubmitAsync(command));
                        return Stopwatch.GetTimestamp() - due;
                    });
                }
            },
            TaskCreationOptions.LongRunning);
        foreach (var ticks in await Task.WhenAll(arrivals)) meter.Took(ticks);
    }

    /// <summary>Lists, a few of them outstanding, so that one commits while the next is decided.</summary>
    /// <param name="together">Lists in a row that must come to one node: a hold's settlement where the hold is.</param>
    public static async Task ManyAsync(IReadOnlyList<ILedger> nodes, IReadOnlyList<IReadOnlyList<Command>> lists, int together, int outstanding, RunMeter meter)
    {
        var draw = new Random(Seed);
        var waiting = new Queue<(long Start, Task<IReadOnlyList<Outcome>> Outcomes)>();
        var node = nodes[0];
        for (var i = 0; i < lists.Count; i++)
        {
            if (waiting.Count == outstanding) await FinishAsync(waiting.Dequeue());
            if (i % together == 0) node = nodes[draw.Next(nodes.Count)];
            waiting.Enqueue((Stopwatch.GetTimestamp(), node.SubmitAsync(lists[i]).AsTask()));
        }

        while (waiting.Count > 0) await FinishAsync(waiting.Dequeue());

        async Task FinishAsync((long Start, Task<IReadOnlyList<Outcome>> Outcomes) batch)
        {
            foreach (var outcome in await batch.Outcomes) Require(outcome);
            meter.Took(Stopwatch.GetTimestamp() - batch.Start);
        }
    }

    public static void Require(Outcome outcome)
    {
        if (outcome is not Outcome.Done) throw new InvalidOperationException($"The benchmark's own command was not carried out: {outcome}.");
    }
}
