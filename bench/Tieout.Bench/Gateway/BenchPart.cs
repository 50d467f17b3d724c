using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Simulator.Provider;

namespace Tieout.Bench.Gateway;

/// <summary>What a part says of its own process.</summary>
/// <param name="AllocatedBytes">Since its start, all threads.</param>
/// <param name="CpuMicros">Processor time since its start, all cores.</param>
/// <param name="ManagedBytes">Alive on the managed heap.</param>
internal sealed record PartReading(long AllocatedBytes, long CpuMicros, long ManagedBytes, long WorkingSetBytes)
{
    public static PartReading Now() => new(
        GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime.Ticks / TimeSpan.TicksPerMicrosecond,
        GC.GetTotalMemory(forceFullCollection: false), Environment.WorkingSet);
}

[JsonSerializable(typeof(PartReading))]
internal sealed partial class PartJson : JsonSerializerContext;

/// <summary>One of the servers of a measurement, in a process of its own: it runs until its standard input ends, and tells its readings whenever a line comes
/// in.</summary>
internal static class BenchPart
{
    public const string Gateway = "gateway";

    /// <summary>A server that issues envelopes and has no provider.</summary>
    public const string Guard = "guard";
    public const string Provider = "provider";
    public const string Proxy = "proxy";

    /// <summary>Begins every line that is meant for who started it; others are log lines.</summary>
    public const string Mark = "bench ";

    /// <summary>Asks for a reading after a full collection.</summary>
    public const string Collect = "collect";

    public const string Model = "gpt-4o-mini";
    private const string AnyPort = "http://127.0.0.1:0";

    /// <summary>How <c>tieout serve</c> starts the gateway: the measurement measures that, and not a way of its own.</summary>
    /// <returns>What stops it, and where it listens.</returns>
    public delegate Task<(IAsyncDisposable Running, string Url)> StartGateway(ServerOptions options, CancellationToken cancellationToken);

    /// <param name="upstream">The provider's address; null for the provider itself.</param>
    /// <param name="folder">The gateway's data.</param>
    public static async Task RunAsync(
        string part, string? upstream, string? folder, StartGateway start, TextWriter output, TextReader input, CancellationToken cancellationToken)
    {
        if (part is Gateway or Guard)
        {
            var (running, url) = await start(part == Guard ? GuardOptions(folder!) : Options(upstream!, folder!), cancellationToken);
            await using (running) await AnswerAsync(url, output, input);
            return;
        }

        // A provider that remembers every call is stopped for a tenth of a second now and then, to collect around them: that would be measured as ours.
        await using var app = part == Provider ? SimulatedProviderApp.Build(new() { Listen = AnyPort, CallsListedMax = 0 }) : PlainProxy.Build(new(upstream!));
        await app.StartAsync(cancellationToken);
        await AnswerAsync(app.Urls.First(), output, input);
        await app.StopAsync(cancellationToken);
    }

    private static ServerOptions Options(string upstream, string folder) => new()
    {
        Listen = AnyPort,
        Data = folder,
        Providers = [new("simulated", ProviderDialect.OpenAi, new(upstream + "/v1"), "sk-simulated", ["X-Sim-*"])],
        Models = [new(Model, [new("simulated", Model)])],
    };

    private static ServerOptions GuardOptions(string folder) => new()
    {
        Listen = AnyPort,
        Data = folder,
        EnvelopeSecret = EnvelopeSecretFile.Parse("of a measurement, long enough for an envelope"),
    };

    private static async Task AnswerAsync(string url, TextWriter output, TextReader input)
    {
        await SayAsync(url);
        while (await input.ReadLineAsync() is { } asked)
        {
            if (asked == Collect)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
            }

            await SayAsync(JsonSerializer.Serialize(PartReading.Now(), PartJson.Default.PartReading));
        }

        async Task SayAsync(string line)
        {
            await output.WriteLineAsync(Mark + line);
            await output.FlushAsync();
        }
    }
}
