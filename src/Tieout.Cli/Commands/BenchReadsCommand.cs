using System.CommandLine;
using System.Globalization;
using Tieout.Bench.Reads;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>bench reads</c>: what a figure costs on stores of different sizes, on the embedded store.</summary>
internal static class BenchReadsCommand
{
    public static Command Build(Globals globals)
    {
        var rows = new Option<long[]>("--rows")
        {
            Description = "Sizes of the stores, in usage records.",
            DefaultValueFactory = _ => [100_000, 1_000_000],
            AllowMultipleArgumentsPerToken = true,
        };
        var data = new Option<string>("--data")
        {
            Description = "A folder for the bench. Stores of an earlier run are used again.",
            Required = true,
            HelpName = "DIR",
        };
        return globals.Running(
            new("reads", "Measure how long figures take on stores of different sizes.") { rows, data }, async (call, cancellationToken) =>
            {
                if (call.Get(rows)!.Any(size => size < 1)) throw new CommandFailedException(ExitCode.Usage, "A store has at least one row.");
                var results = await ReadsBench.RunAsync(call.Get(data)!, call.Get(rows)!, cancellationToken);
                await call.Shell.Out.WriteLineAsync(
                    call.Json ? JsonOutput.Text([.. results], BenchJson.Default.ReadsBenchResultArray) : string.Join("\n\n", results.Select(Text)));
                return ExitCode.Ok;
            });
    }

    private static string Text(ReadsBenchResult result) => string.Create(CultureInfo.InvariantCulture, $"""
        {result.Rows:N0} usage records, {result.LedgerBytesPerRow} bytes each in the ledger and {result.DerivedBytesPerRow} in the derived file{(
            result.CountedRowsPerS is { } counted ? string.Create(CultureInfo.InvariantCulture, $"; {counted:N0} rows/s counted") : "")}
        {string.Join('\n', result.Figures.Select(figure => string.Create(
            CultureInfo.InvariantCulture, $"{figure.Name,-26} p50 {figure.P50Ms,9} ms  p99 {figure.P99Ms,9} ms")))}
        {string.Join('\n', result.Exports.Select(export => string.Create(
            CultureInfo.InvariantCulture, $"export, {export.Format,-18} {export.RowsPerS,10:N0} rows/s, {export.CpuMicrosPerRow} µs of processor a row, heap at most {export.PeakHeapMb} MB ({export.Rows:N0} rows)")))}
        """);
}
