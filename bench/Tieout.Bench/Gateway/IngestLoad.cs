using System.Diagnostics;

namespace Tieout.Bench.Gateway;

/// <summary>Hands events of one format in, batch after batch on a few connections, and measures what came of it.</summary>
/// <param name="batch">Makes a batch for one connection.</param>
internal sealed class IngestLoad(BenchWorld world, Func<IngestBatch> batch, CancellationToken cancellationToken)
{
    /// <summary>Batches under way at once.</summary>
    private const int Senders = 16;

    /// <summary>The runtime compiles what is called often anew, and in the background: before that, nothing is measured.</summary>
    private const long WarmUpEvents = 200_000;

    private long _first, _warmUp, _measured, _ticks, _allocated, _cpuMicros;

    public IngestRate Rate
    {
        get
        {
            var spent = Spent.Between(new(0, 0, 0, 0), new(_allocated, _cpuMicros, 0, 0), _measured);
            return new(_warmUp + _measured, Math.Round((decimal)_measured * Stopwatch.Frequency / _ticks), spent.AllocatedBytes, spent.CpuMicros);
        }
    }

    public async Task WarmUpAsync(TimeSpan step)
    {
        while (_warmUp < WarmUpEvents) _warmUp += await SendAsync(step);
    }

    public async Task RunAsync(TimeSpan time)
    {
        var before = await world.Gateway.ReadAsync();
        var began = Stopwatch.GetTimestamp();
        _measured += await SendAsync(time);
        _ticks += Stopwatch.GetTimestamp() - began;
        var after = await world.Gateway.ReadAsync();
        _allocated += after.AllocatedBytes - before.AllocatedBytes;
        _cpuMicros += after.CpuMicros - before.CpuMicros;
    }

    private async Task<long> SendAsync(TimeSpan time)
    {
        var sent = 0L;
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(async () =>
        {
            var (own, connection) = (batch(), await world.Through.TakeAsync(cancellationToken));
            var began = Stopwatch.GetTimestamp();
            do
            {
                await connection.SendAsync(own.From(Interlocked.Add(ref _first, IngestBatch.Events)), cancellationToken);
                Interlocked.Add(ref sent, IngestBatch.Events);
            }
            while (Stopwatch.GetElapsedTime(began) < time);
            world.Through.Return(connection);
        })));
        return sent;
    }
}
