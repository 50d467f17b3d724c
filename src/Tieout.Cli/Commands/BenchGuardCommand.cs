using System.CommandLine;
using System.Globalization;
using Tieout.Bench.Guard;
using Tieout.Cli.Output;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>bench guard</c>: how long decisions of the guard take while each is recorded. Ends with 1 if one is missing from the ledger.</summary>
internal static class BenchGuardCommand
{
    private const int SecondsMax = 600;
    private const int RateMax = 100_000;

    public static Command Build(Globals globals)
    {
        var rate = new Option<int>("--rate") { Description = "Questions a second, at fixed times.", DefaultValueFactory = _ => 2_000 };
        var seconds = new Option<int>("--seconds") { Description = "How long.", DefaultValueFactory = _ => 10 };
        var data = new Option<string?>("--data") { Description = "Store the ledger on the disk of this folder. Default: the current folder's.", HelpName = "DIR" };
        return globals.Running(new("guard", "Measure decisions of the guard, each recorded before it is given.") { rate, seconds, data }, async (call, cancellationToken) =>
        {
            if (call.Get(rate) is < 1 or > RateMax) throw new CommandFailedException(ExitCode.Usage, $"--rate is from 1 to {RateMax}.");
            if (call.Get(seconds) is < 1 or > SecondsMax) throw new CommandFailedException(ExitCode.Usage, $"--seconds is from 1 to {SecondsMax}.");
            var folder = Path.Combine(call.Get(data) ?? ".", $".tieout-bench-{Guid.NewGuid():N}");
            try
            {
                PrivateFiles.CreateFolder(folder);
                var result = await new GuardBench(folder, call.Get(rate), TimeSpan.FromSeconds(call.Get(seconds)), cancellationToken).RunAsync();
                await call.Shell.Out.WriteLineAsync(call.Json
                    ? JsonOutput.Text(result, BenchJson.Default.GuardBenchResult)
                    : string.Create(CultureInfo.InvariantCulture,
                        $"{result.Decide.Answers:N0} decisions at {result.PerS:N0} a second: p50 {result.Decide.P50Ms} ms, p99 {result.Decide.P99Ms} ms, p99.9 {result.Decide.P999Ms} ms; {result.PerDecision.CpuMicros} µs of processor and {result.PerDecision.AllocatedBytes:N0} bytes each; {result.Answered:N0} answered, {result.Recorded:N0} recorded"));
                return result.Answered == result.Recorded ? ExitCode.Ok : ExitCode.Findings;
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
}
