using System.CommandLine;
using System.Globalization;
using Tieout.Bench.Reads;
using Tieout.Cli.Output;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>bench reads</c>: what a figure costs on stores of different sizes.</summary>
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
        var data = new Option<string?>("--data")
        {
            Description = "A folder for the bench, on the embedded store. Stores of an earlier run are used again.",
            HelpName = "DIR",
        };
        var store = new Option<string>("--store")
        {
            Description = "sqlite, or postgres://user@host:port/database: the bench creates a database of each size on that server and leaves it for the next run.",
            DefaultValueFactory = _ => "sqlite",
            HelpName = "STORE",
        };
        return globals.Running(
            new("reads", "Measure how long figures take on stores of different sizes.") { rows, data, store }, async (call, cancellationToken) =>
            {
                if (call.Get(rows)!.Any(size => size < 1)) throw new CommandFailedException(ExitCode.Usage, "A store has at least one row.");
                var postgres = StoreOption.Parse(call.Get(store)!);
                if (postgres is null && call.Get(data) is null)
                {
                    throw new CommandFailedException(ExitCode.Usage, "The embedded store needs a folder: write --data DIR.");
                }

                var results = await RunAsync(call.Get(data) ?? ".", postgres, call.Get(rows)!, cancellationToken);
                await call.Shell.Out.WriteLineAsync(
                    call.Json ? JsonOutput.Text([.. results], BenchJson.Default.ReadsBenchResultArray) : string.Join("\n\n", results.Select(Text)));
                return ExitCode.Ok;
            });
    }

    private static async Task<IReadOnlyList<ReadsBenchResult>> RunAsync(
        string folder, string? postgres, IEnumerable<long> rows, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadsBench.RunAsync(folder, postgres, rows, cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or InvalidOperationException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "store_unavailable", e);
        }
    }

    private static string Text(ReadsBenchResult result) => string.Create(CultureInfo.InvariantCulture, $"""
        {result.Rows:N0} usage records, {result.LedgerBytesPerRow} bytes each in the ledger and {result.DerivedBytesPerRow} in what the follower stored{(
            result.CountedRowsPerS is { } counted ? string.Create(CultureInfo.InvariantCulture, $"; {counted:N0} rows/s counted") : "")}
        {string.Join('\n', result.Figures.Select(figure => string.Create(
            CultureInfo.InvariantCulture, $"{figure.Name,-26} p50 {figure.P50Ms,9} ms  p99 {figure.P99Ms,9} ms")))}
        {string.Join('\n', result.Exports.Select(export => string.Create(
            CultureInfo.InvariantCulture, $"export, {export.Format,-18} {export.RowsPerS,10:N0} rows/s, {export.CpuMicrosPerRow} µs of processor a row, heap at most {export.PeakHeapMb} MB ({export.Rows:N0} rows)")))}
        """);
}
