using System.Globalization;
using System.Runtime.InteropServices;
using Tieout.Bench.Gateway;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary>The result as a person reads it, with what is aimed at beside each figure.</summary>
internal static class BenchReport
{
    public static string Machine =>
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}";

    public static async Task WriteAsync(GatewayBenchResult result, TextWriter writer)
    {
        var times = new TextTable("MS", ">DIRECT", ">PROXY", ">GATEWAY", ">ADDED", "AIM");
        Times(times, "one at a time, p50", result.OneAtATime, one => one.P50Ms, "added < 1");
        Times(times, "one at a time, p99", result.OneAtATime, one => one.P99Ms);
        Times(times, "1,000/s open loop, p50", result.OpenLoop, one => one.P50Ms);
        Times(times, "1,000/s open loop, p99", result.OpenLoop, one => one.P99Ms, "added < 5");
        Times(times, "1,000/s open loop, p99.9", result.OpenLoop, one => one.P999Ms);
        Times(times, "stream's first event, p50", result.StreamFirstByte, one => one.P50Ms, "added < 1");
        Times(times, "stream of 20 events, p50", result.StreamTotal, one => one.P50Ms);
        Times(times, "stream of 20 events, p99", result.StreamTotal, one => one.P99Ms);
        await times.WriteAsync(writer);
        await writer.WriteLineAsync();

        var atOnce = result.AtOnce;
        var rates = new TextTable("A SECOND", ">DIRECT", ">PROXY", ">GATEWAY", ">PROXY / GATEWAY", "AIM");
        rates.Add("requests, 32 at once", N(atOnce.Direct.PerS), N(atOnce.Proxy.PerS), N(atOnce.Gateway.PerS), $"{atOnce.ProxyToGateway}",
            "gateway >= 5,000, ratio < 3");
        foreach (var (what, rate) in Formats(result.Ingest)) rates.Add($"events taken in, {what}", "", "", N(rate.PerS), "", ">= 50,000");
        await rates.WriteAsync(writer);
        await writer.WriteLineAsync();

        var spent = new TextTable("THE GATEWAY SPENDS ON", ">BYTES ALLOCATED", ">CPU MICROS");
        foreach (var (what, each) in (ReadOnlySpan<(string, Spent)>)[("a request, one at a time", result.PerRequest),
            ("a request, 32 at once", result.PerRequestAtOnce), ("a stream of 20 events", result.PerStream)])
        {
            spent.Add(what, N(each.AllocatedBytes), $"{each.CpuMicros}");
        }

        foreach (var (what, rate) in Formats(result.Ingest)) spent.Add($"an event, {what}", N(rate.AllocatedBytes), $"{rate.CpuMicros}");
        await spent.WriteAsync(writer);
        await writer.WriteLineAsync();

        var open = result.OpenStreams;
        await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{open.Count:N0} open streams: {open.ManagedKbEach} KB of managed heap each; all of it, over time, {string.Join(", ", open.ManagedMb)} MB ({open.GrowthPercent:+0.0;-0.0;0}%); working set {open.WorkingSetMb} MB"));
        var books = result.TiedOut;
        await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{(books.Ok ? "Ties out" : "DOES NOT TIE OUT")}: {books.Expected:N0} requests and events, {books.UsageRecords:N0} usage records, {books.ChargePostings:N0} charges; the provider served {books.Served:N0} of {books.Sent:N0}; {books.OpenHolds} open holds, {books.Findings} findings, verify {(books.Verified ? "clean" : "NOT CLEAN")}"));
        await writer.WriteLineAsync(Machine);
    }

    private static void Times(TextTable table, string what, Compared compared, Func<MeasuredTimes, decimal> of, string aim = "") => table.Add(
        what, $"{of(compared.Direct):0.000}", $"{of(compared.Proxy):0.000}", $"{of(compared.Gateway):0.000}",
        $"{of(compared.Gateway) - of(compared.Direct):0.000}", aim);

    private static (string What, IngestRate Rate)[] Formats(IngestRates ingest) =>
        [("plain", ingest.Plain), ("CloudEvents", ingest.CloudEvents), ("OTLP JSON", ingest.Otlp)];

    private static string N(decimal number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
