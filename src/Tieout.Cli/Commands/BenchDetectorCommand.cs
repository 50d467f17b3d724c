using System.CommandLine;
using System.Globalization;
using Tieout.Bench.Spike;
using Tieout.Cli.Output;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>bench detector</c>: how long a pass of the detector takes over the orgs of a ledger.</summary>
internal static class BenchDetectorCommand
{
    private const int OrgsMax = 10_000;

    public static Command Build(Globals globals)
    {
        var orgs = new Option<int>("--orgs") { Description = "Orgs of the ledger.", DefaultValueFactory = _ => 1_000 };
        var perHour = new Option<int>("--per-hour") { Description = "Attempts of an org in each of 216 hours.", DefaultValueFactory = _ => 1 };
        var data = new Option<string?>("--data") { Description = "Store the ledger on the disk of this folder. Default: the current folder's.", HelpName = "DIR" };
        return globals.Running(new("detector", "Measure a pass of the detector over all orgs of a ledger, reading included.") { orgs, perHour, data }, async (call, cancellationToken) =>
        {
            if (call.Get(orgs) is < 1 or > OrgsMax) throw new CommandFailedException(ExitCode.Usage, $"--orgs is from 1 to {OrgsMax}.");
            if (call.Get(perHour) is < 1 or > 100) throw new CommandFailedException(ExitCode.Usage, "--per-hour is from 1 to 100.");
            var folder = Path.Combine(call.Get(data) ?? ".", $".tieout-bench-{Guid.NewGuid():N}");
            try
            {
                PrivateFiles.CreateFolder(folder);
                var result = await new DetectorBench(folder, call.Get(orgs), call.Get(perHour), cancellationToken).RunAsync();
                await call.Shell.Out.WriteLineAsync(call.Json
                    ? JsonOutput.Text(result, BenchJson.Default.DetectorBenchResult)
                    : string.Create(CultureInfo.InvariantCulture,
                        $"{result.Judged:N0} orgs with {result.Attempts:N0} attempts: {result.PassCpuMs} ms of processor a pass, {result.PassMs} ms by the clock (ledger filled in {result.BuildS} s)"));
                return ExitCode.Ok;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
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
