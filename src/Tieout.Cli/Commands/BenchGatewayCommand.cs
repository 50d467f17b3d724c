using System.CommandLine;
using System.Globalization;
using Tieout.Bench.Gateway;
using Tieout.Cli.Output;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>bench gateway</c>: what passing the gateway costs. Ends with 1 if a request or an event is missing from the books, whatever the speed.</summary>
internal static class BenchGatewayCommand
{
    private const int SecondsMax = 600;

    public static Command Build(Globals globals)
    {
        var seconds = new Option<string>("--seconds") { Description = "Seconds for each server under each load.", DefaultValueFactory = _ => "5" };
        var data = new Option<string?>(
            "--data")
        { Description = "Store the ledger on the disk of this folder. Default: the current folder's.", HelpName = "DIR" };
        return globals.Running(new("gateway",
            "Measure latency, throughput, streams, memory and ingest of the gateway against the provider itself and a plain proxy.") { seconds, data },
            async (call, cancellationToken) =>
        {
            var folder = Path.Combine(call.Get(data) ?? ".", $".tieout-bench-{Guid.NewGuid():N}");
            try
            {
                PrivateFiles.CreateFolder(folder);
                await using var world = await BenchWorld.StartAsync(folder, cancellationToken);
                var result = await new GatewayBench(world, Seconds(call.Get(seconds)), what => Tell(call, what), cancellationToken).RunAsync();
                if (call.Json) await call.Shell.Out.WriteLineAsync(JsonOutput.Text(result, BenchJson.Default.GatewayBenchResult));
                else await BenchReport.WriteAsync(result, call.Shell.Out);
                return result.TiedOut.Ok ? ExitCode.Ok : ExitCode.Findings;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException or System.Net.Sockets.SocketException)
            {
                throw new CommandFailedException(ExitCode.Unreachable, $"The measurement broke off: {e.Message}", inner: e);
            }
            finally
            {
                if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            }
        });
    }

    /// <summary>A server of the measurement, in the process that it is started in. Nobody's command but the measurement's.</summary>
    public static Command Part(Globals globals)
    {
        var part = new Argument<string>("part");
        part.AcceptOnlyFromAmong(BenchPart.Gateway, BenchPart.Guard, BenchPart.Provider, BenchPart.Proxy);
        var upstream = new Option<string?>("--upstream");
        var data = new Option<string?>("--data");
        return globals.Running(new("part") { Hidden = true, Arguments = { part }, Options = { upstream, data } }, async (call, cancellationToken) =>
        {
            await BenchPart.RunAsync(
                call.Get(part), call.Get(upstream), call.Get(data), StartGatewayAsync, call.Shell.Out, System.Console.In, cancellationToken);
            return ExitCode.Ok;
        });
    }

    private static async Task<(IAsyncDisposable Running, string Url)> StartGatewayAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        var running = await ServeCommand.StartAsync(options, cancellationToken);
        return (running, running.Url);
    }

    private static void Tell(Invocation call, string what)
    {
        if (call.Shell.IsTerminal && !call.Json) call.Shell.Error.WriteLine($"{what} ...");
    }

    private static decimal Seconds(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= SecondsMax
        ? seconds
        : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is not a time. Use seconds up to {SecondsMax}, for example 5 or 0.5.");
}
