using System.Diagnostics;

namespace Tieout.Bench.Gateway;

/// <summary>Measures the gateway, with holds, budgets, key check and settlement on, against the provider itself and a plain proxy, in one run on one
/// machine.</summary>
/// <remarks>The three take turns, several times over, so that a machine that changes its speed changes all of them.</remarks>
/// <param name="seconds">How long each of them is under each load.</param>
/// <param name="progress">Told what is measured next.</param>
internal sealed class GatewayBench(BenchWorld world, decimal seconds, Action<string> progress, CancellationToken cancellationToken)
{
    private const int Rounds = 5;
    private const int Clients = 32;
    private const int OpenLoopPerS = 1_000;

    /// <summary>The runtime compiles what is called often anew, and in the background: before that, nothing is measured.</summary>
    private const int WarmUpAnswers = 30_000;

    private readonly BenchRequests _requests = new(world.Key);
    private readonly TimeSpan _time = TimeSpan.FromMilliseconds((long)(seconds * 1_000));
    private long _direct, _proxied, _through;

    private delegate Task Load(LoadTarget target, TimeSpan time, LoadTimes times);

    public async Task<GatewayBenchResult> RunAsync()
    {
        progress("warming up");
        await WarmUpAsync();
        progress("one at a time");
        var (alone, perRequest) =
            await CompareAsync((target, time, times) => GatewayLoads.OneAtATimeAsync(target, _requests.Whole, time, times, cancellationToken));
        progress($"{OpenLoopPerS} requests a second");
        var (openLoop, _) =
            await CompareAsync((target, time, times) => GatewayLoads.OpenLoopAsync(target, OpenLoopPerS, _requests.Whole, time, times, cancellationToken));
        progress($"{Clients} at once");
        var (atOnce, perRequestAtOnce) =
            await CompareAsync((target, time, times) => GatewayLoads.AtOnceAsync(target, Clients, _requests.Whole, time, times, cancellationToken));
        progress("streams");
        var (streams, perStream) =
            await CompareAsync((target, time, times) => GatewayLoads.OneAtATimeAsync(target, _requests.Stream, time, times, cancellationToken));
        progress($"{StreamsOpen.Count} open streams");
        var open = await StreamsOpen.MeasureAsync(world, _time, cancellationToken);
        _through += StreamsOpen.Count;
        await world.NoteBillAsync(cancellationToken);
        var ingest = await IngestAsync();
        progress("tying out");
        var tiedOut = await world.TieOutAsync(_through + ingest.Events, _direct + _proxied + _through, cancellationToken);
        return new(seconds, alone.Total, openLoop.Total, atOnce.Total, streams.FirstByte, streams.Total, perRequest, perRequestAtOnce, perStream, open, ingest,
            tiedOut);
    }

    private async Task WarmUpAsync()
    {
        foreach (var request in (byte[][])[_requests.Whole, _requests.Stream])
        {
            var times = new LoadTimes[] { new(), new(), new() };
            for (var i = 0; i < times.Length; i++)
            {
                // As long as the measurement, but at least so many answers.
                var began = Stopwatch.GetTimestamp();
                while (times[i].Count < WarmUpAnswers || Stopwatch.GetElapsedTime(began) < _time / 2)
                {
                    await GatewayLoads.AtOnceAsync(TargetOf(i), Clients, request, _time / 10, times[i], cancellationToken);
                }
            }

            await CountAsync(times[0], times[1], times[2]);
        }
    }

    private async Task<((Compared FirstByte, Compared Total) Times, Spent Spent)> CompareAsync(Load load)
    {
        var times = new LoadTimes[] { new(), new(), new() };
        var (allocated, cpu) = (0L, 0L);
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < times.Length; i++)
            {
                var before = await world.Gateway.ReadAsync();
                await load(TargetOf(i), _time / Rounds, times[i]);
                if (TargetOf(i) != world.Through) continue;
                var after = await world.Gateway.ReadAsync();
                allocated += after.AllocatedBytes - before.AllocatedBytes;
                cpu += after.CpuMicros - before.CpuMicros;
            }
        }

        await CountAsync(times[0], times[1], times[2]);
        var spent = Spent.Between(new(0, 0, 0, 0), new(allocated, cpu, 0, 0), times[2].Count);
        return ((Of(time => time.FirstByte()), Of(time => time.Total())), spent);

        Compared Of(Func<LoadTimes, MeasuredTimes> measured) => new(measured(times[0]), measured(times[1]), measured(times[2]));
    }

    private LoadTarget TargetOf(int index) => index switch
    {
        0 => world.Direct,
        1 => world.Proxied,
        _ => world.Through,
    };

    private async Task CountAsync(LoadTimes direct, LoadTimes proxied, LoadTimes through)
    {
        _direct += direct.Count;
        _proxied += proxied.Count;
        _through += through.Count;
        await world.NoteBillAsync(cancellationToken);
    }

    /// <summary>The formats take turns, too: the more events are kept, the longer one takes whose id comes in no order.</summary>
    private async Task<IngestRates> IngestAsync()
    {
        var now = DateTime.UtcNow;
        IngestLoad[] loads =
        [
            new(world, () => IngestBatch.Plain(world.Key, now), cancellationToken),
            new(world, () => IngestBatch.CloudEvents(world.Key, now), cancellationToken), new(world, () => IngestBatch.Otlp(world.Key, now), cancellationToken),
        ];
        progress("taking events in");
        foreach (var load in loads) await load.WarmUpAsync(_time / Rounds);
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var load in loads) await load.RunAsync(_time / Rounds);
        }

        return new(loads[0].Rate, loads[1].Rate, loads[2].Rate);
    }
}
