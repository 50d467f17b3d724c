using System.CommandLine;
using System.Globalization;
using Tieout.Bench.Ledger;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>bench reconcile</c>: a run over a whole book, on the embedded store.</summary>
internal static class BenchReconcileCommand
{
    public static Command Build(Globals globals)
    {
        var rows = new Option<long>("--rows") { Description = "Number of usage records, with as many postings.", DefaultValueFactory = _ => 1_000_000 };
        var data = new Option<string>(
            "--data")
        { Description = "A folder for the bench. Data of an earlier run is used again.", Required = true, HelpName = "DIR" };
        return globals.Running(
            new("reconcile", "Measure the reconciliation of a whole book: seconds and memory.") { rows, data }, async (call, cancellationToken) =>
        {
            var shell = call.Shell;
            Action<long, long>? progress = shell.IsTerminal && !call.Json
                ? (done, total) => shell.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{(decimal)done / total:P0}  ")) : null;
            var result = await ReconcileBench.RunAsync(call.Get(data)!, call.Get(rows), progress, cancellationToken);
            await shell.Out.WriteLineAsync(call.Json
                ? JsonOutput.Text(result, BenchJson.Default.ReconcileBenchResult)
                : string.Create(CultureInfo.InvariantCulture,
                    $"{result.Rows:N0} usage records in {result.Seconds} s ({result.CpuS} s of processor time), what came since in {result.AgainSeconds} s, {result.PeakMb} MiB at most, {result.Findings} findings (built in {result.BuildS} s)"));
            return result.Findings == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }
}
