namespace Tieout.Bench.Gateway;

/// <summary>What <c>tieout bench gateway</c> found. Times are milliseconds.</summary>
/// <param name="SecondsEach">How long each server was under each load.</param>
/// <param name="OneAtATime">A whole answer after another.</param>
/// <param name="OpenLoop">1,000 requests a second, timed from when each should have been sent.</param>
/// <param name="AtOnce">32 clients.</param>
/// <param name="StreamFirstByte">Of streams of 20 events, one at a time: to the first event.</param>
/// <param name="StreamTotal">To the last.</param>
internal sealed record GatewayBenchResult(
    decimal SecondsEach, Compared OneAtATime, Compared OpenLoop, Compared AtOnce, Compared StreamFirstByte, Compared StreamTotal,
    Spent PerRequest, Spent PerRequestAtOnce, Spent PerStream, OpenStreams OpenStreams, IngestRates Ingest, TiedOut TiedOut);

/// <param name="PerS">Answers a second; of one at a time, the inverse of their mean time.</param>
internal sealed record MeasuredTimes(long Answers, decimal PerS, decimal P50Ms, decimal P99Ms, decimal P999Ms);

/// <summary>The same load on the provider itself, through the plain proxy, and through the gateway.</summary>
internal sealed record Compared(MeasuredTimes Direct, MeasuredTimes Proxy, MeasuredTimes Gateway)
{
    public decimal AddedP50Ms => Gateway.P50Ms - Direct.P50Ms;
    public decimal AddedP99Ms => Gateway.P99Ms - Direct.P99Ms;

    /// <summary>How many requests the proxy passes for one that the gateway does.</summary>
    public decimal ProxyToGateway => Gateway.PerS == 0 ? 0 : Math.Round(Proxy.PerS / Gateway.PerS, 2);

    public long Sent => Direct.Answers + Proxy.Answers + Gateway.Answers;
}

/// <summary>What the gateway's own process spent on one request.</summary>
internal sealed record Spent(long AllocatedBytes, decimal CpuMicros)
{
    public static Spent Between(PartReading before, PartReading after, long requests) => new(
        (after.AllocatedBytes - before.AllocatedBytes) / Math.Max(1, requests),
        Math.Round((decimal)(after.CpuMicros - before.CpuMicros) / Math.Max(1, requests), 1));
}

/// <summary>The gateway's memory while many streams are open.</summary>
/// <param name="ManagedKbEach">Managed heap a stream, after collections.</param>
/// <param name="WorkingSetMb">Of the whole process at the end, code and what is kept for reuse included.</param>
/// <param name="ManagedMb">The managed heap after a collection, one sample after another while the streams went on.</param>
/// <param name="GrowthPercent">Of it, from the first sample to the last.</param>
internal sealed record OpenStreams(int Count, decimal ManagedKbEach, decimal WorkingSetMb, IReadOnlyList<decimal> ManagedMb, decimal GrowthPercent);

/// <summary>Events a second, durable, in batches of 1,000 over HTTP.</summary>
internal sealed record IngestRates(IngestRate Plain, IngestRate CloudEvents, IngestRate Otlp)
{
    public long Events => Plain.Events + CloudEvents.Events + Otlp.Events;
}

/// <inheritdoc cref="Spent"/>
internal sealed record IngestRate(long Events, decimal PerS, long AllocatedBytes, decimal CpuMicros);

/// <summary>Whether every request and event is in the books once: a benchmark that loses money measures nothing.</summary>
/// <param name="Expected">Answers that came through the gateway, and events handed in.</param>
/// <param name="Served">Calls on the provider's own bill.</param>
/// <param name="Sent">Answers that it gave, by whichever way.</param>
internal sealed record TiedOut(long Expected, long UsageRecords, long ChargePostings, long Sent, long Served, int OpenHolds, int Findings, bool Verified)
{
    public bool Ok => Verified && UsageRecords == Expected && ChargePostings == Expected && Served == Sent && OpenHolds == 0 && Findings == 0;
}
