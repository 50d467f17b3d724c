namespace Tieout.Bench.Gateway;

/// <summary>Many streams at once through the gateway, each of a provider that takes its time: what an open stream costs in memory.</summary>
internal static class StreamsOpen
{
    public const int Count = 1_000;

    private const int Samples = 5;

    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(8);

    /// <summary>Pauses between the events of one stream.</summary>
    private const int Pauses = 19;

    /// <param name="time">How long the memory is watched.</param>
    public static async Task<OpenStreams> MeasureAsync(BenchWorld world, TimeSpan time, CancellationToken cancellationToken)
    {
        var request = BenchRequests.Paced(world.Key, PaceMs(time));
        var connections = new List<LoadConnection>();
        for (var i = 0; i < Count; i++) connections.Add(await LoadConnection.OpenAsync(world.Gateway.Url, cancellationToken));
        var before = await world.Gateway.ReadAsync(collect: true);
        var streams = Task.WhenAll(connections.Select(connection => connection.SendAsync(request, cancellationToken).AsTask()));

        // Until all have begun; then, spread over the time, samples while all go on.
        await Task.Delay(Opening(time), cancellationToken);
        var readings = new List<PartReading>();
        for (var i = 0; i < Samples; i++)
        {
            readings.Add(await world.Gateway.ReadAsync(collect: true));
            await Task.Delay(time / Samples, cancellationToken);
        }

        if (streams.IsCompletedSuccessfully) throw new IOException("The streams ended before they were measured: this machine is too busy.");
        await streams;
        foreach (var connection in connections) connection.Dispose();
        return new(
            Count, Kb(readings[0].ManagedBytes - before.ManagedBytes), Mb(readings[^1].WorkingSetBytes),
            [.. readings.Select(reading => Mb(reading.ManagedBytes))],
            Math.Round((readings[^1].ManagedBytes - readings[0].ManagedBytes) * 100m / readings[0].ManagedBytes, 1));
    }

    private static TimeSpan Opening(TimeSpan time) => time / 2 + TimeSpan.FromSeconds(1);

    /// <summary>So that streams last longer than they are watched, also where collections and timers are late.</summary>
    private static int PaceMs(TimeSpan time) => (int)((Opening(time) + time + Spare).TotalMilliseconds / Pauses);

    private static decimal Mb(long bytes) => Math.Round(bytes / 1_048_576m, 1);

    private static decimal Kb(long bytes) => Math.Round(bytes / 1_024m / Count, 1);
}
