using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Tieout.Simulator.Replay;

namespace Tieout.Bench.Gateway;

/// <summary>The three ways to send the same request again and again. Each sends for a time, and tells how long every answer took.</summary>
internal static class GatewayLoads
{
    /// <summary>In the open loop: far more than are ever under way at once, unless the server cannot keep up, and then waiting here counts too.</summary>
    private const int OpenLoopConnections = 128;

    /// <summary>One after the other: what a lone client sees.</summary>
    public static async Task OneAtATimeAsync(LoadTarget target, byte[] request, TimeSpan time, LoadTimes times, CancellationToken cancellationToken)
    {
        var connection = await target.TakeAsync(cancellationToken);
        var end = Stopwatch.GetTimestamp() + Ticks(time);
        for (var start = Stopwatch.GetTimestamp(); start < end; start = Stopwatch.GetTimestamp())
        {
            times.Add(start, await connection.SendAsync(request, cancellationToken));
        }

        target.Return(connection);
    }

    /// <summary>So many clients, each of which sends its next request when it has the answer to the last: what a server can do at most.</summary>
    public static async Task AtOnceAsync(LoadTarget target, int clients, byte[] request, TimeSpan time, LoadTimes times, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            Enumerable.Range(0, clients).Select(_ => Task.Run(() => OneAtATimeAsync(target, request, time, times, cancellationToken), cancellationToken)));
        times.Took(Stopwatch.GetTimestamp() - began);
    }

    /// <summary>So many a second, whether or not the server keeps up, each timed from when it should have been sent: a stall costs all who would have come in
    /// it.</summary>
    public static async Task OpenLoopAsync(
        LoadTarget target, int perSecond, byte[] request, TimeSpan time, LoadTimes times, CancellationToken cancellationToken)
    {
        var due = Channel.CreateUnbounded<long>(new() { SingleWriter = true });
        var senders = Enumerable.Range(0, OpenLoopConnections).Select(_ => Task.Run(SendAsync, cancellationToken)).ToArray();
        var pacer = new Thread(() => Pace(due.Writer, perSecond, time)) { IsBackground = true, Priority = ThreadPriority.Highest };
        pacer.Start();
        await Task.WhenAll(senders);

        async Task SendAsync()
        {
            var connection = await target.TakeAsync(cancellationToken);
            await foreach (var intended in due.Reader.ReadAllAsync(cancellationToken))
            {
                times.Add(intended, await connection.SendAsync(request, cancellationToken));
            }

            target.Return(connection);
        }
    }

    /// <remarks>Timers are good to a millisecond or so; how late they are counts as the server's, with each of the servers alike.</remarks>
    private static void Pace(ChannelWriter<long> due, int perSecond, TimeSpan time)
    {
        var (start, count) = (Stopwatch.GetTimestamp(), (long)(perSecond * (decimal)time.TotalSeconds));
        for (var no = 0L; no < count; no++)
        {
            var intended = start + no * Stopwatch.Frequency / perSecond;
            while (Stopwatch.GetTimestamp() < intended) Thread.Sleep(1);
            due.TryWrite(intended);
        }

        due.Complete();
    }

    private static long Ticks(TimeSpan time) => (long)((decimal)time.TotalSeconds * Stopwatch.Frequency);
}

/// <summary>A server under load, and the connections to it, which are kept from one load to the next.</summary>
internal sealed class LoadTarget(Uri server) : IDisposable
{
    private readonly ConcurrentBag<LoadConnection> _idle = [];

    public async ValueTask<LoadConnection> TakeAsync(CancellationToken cancellationToken) =>
        _idle.TryTake(out var connection) ? connection : await LoadConnection.OpenAsync(server, cancellationToken);

    public void Return(LoadConnection connection) => _idle.Add(connection);

    public void Dispose()
    {
        foreach (var connection in _idle) connection.Dispose();
    }
}

/// <summary>How long answers took.</summary>
internal sealed class LoadTimes
{
    private readonly LatencyHistogram _firstBytes = new();
    private readonly LatencyHistogram _ends = new();
    private long _summed;
    private long _took;

    public long Count => _ends.Count;

    public void Add(long start, LoadAnswer answer)
    {
        _firstBytes.Add(Stopwatch.GetElapsedTime(start, answer.FirstByteAt));
        _ends.Add(Stopwatch.GetElapsedTime(start, answer.EndAt));
        Interlocked.Add(ref _summed, answer.EndAt - start);
    }

    /// <summary>How long the load went on.</summary>
    public void Took(long ticks) => _took += ticks;

    public MeasuredTimes FirstByte() => Of(_firstBytes);

    public MeasuredTimes Total() => Of(_ends);

    /// <summary>One after the other, the load went on for the sum of what they took.</summary>
    private MeasuredTimes Of(LatencyHistogram times)
    {
        var took = _took > 0 ? _took : _summed;
        return new(times.Count, took == 0 ? 0 : Math.Round((decimal)times.Count * Stopwatch.Frequency / took), times.QuantileMs(500), times.QuantileMs(990),
            times.QuantileMs(999));
    }
}
