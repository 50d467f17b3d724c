using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Storage.Bench;

namespace Tieout.Cli.Commands;

/// <summary><c>bench</c>; and <c>bench ledger</c>: the ledger against the plain loop on the same disk, in the same run.</summary>
internal static class BenchCommand
{
    private const int BatchMax = 100_000;

    public static Command Build(Globals globals) => new("bench", "Measurements.") { Ledger(globals), BenchReconcileCommand.Build(globals), BenchGatewayCommand.Build(globals), BenchGatewayCommand.Part(globals) };

    private static Command Ledger(Globals globals)
    {
        var batch = new Option<int>("--batch") { Description = "Commands a commit.", DefaultValueFactory = _ => 8_189 };
        var charges = new Option<long?>("--charges") { Description = "How many in all. Default: enough for some seconds at that batch size." };
        var orgs = new Option<int>("--orgs") { Description = "Orgs they are spread over.", DefaultValueFactory = _ => 10 };
        var mode = new Option<string>("--mode") { Description = "charge, hold-settle or single-hold.", DefaultValueFactory = _ => "charge" };
        mode.AcceptOnlyFromAmong("charge", "hold-settle", "single-hold");
        var store = new Option<string>("--store") { Description = "sqlite, or postgres://user@host:port/database: a database of its own is made on that server, and dropped again.", DefaultValueFactory = _ => "sqlite", HelpName = "STORE" };
        var data = new Option<string?>("--data") { Description = "Measure the disk that this folder is on. Default: the current folder's.", HelpName = "DIR" };
        var command = new Command("ledger", "Charges a second, durable, against a plain loop without rules.") { batch, charges, orgs, mode, store, data };
        return globals.Running(command, async (call, cancellationToken) =>
        {
            if (call.Get(batch) is < 1 or > BatchMax) throw new CommandFailedException(ExitCode.Usage, $"A batch has from 1 to {BatchMax} commands.");
            var count = call.Get(charges) ?? Math.Clamp(call.Get(batch) * 2_000L, 4_000, 1_000_000);
            if (count < 1 || call.Get(orgs) < 1) throw new CommandFailedException(ExitCode.Usage, "There must be at least one charge and one org.");
            var folder = Path.Combine(call.Get(data) ?? ".", $".tieout-bench-{Guid.NewGuid():N}");
            try
            {
                Directory.CreateDirectory(folder);
                var kind = call.Get(mode) switch
                {
                    "charge" => LedgerBenchMode.Charge,
                    "hold-settle" => LedgerBenchMode.HoldSettle,
                    _ => LedgerBenchMode.SingleHold,
                };
                var progress = call.Shell.IsTerminal && !call.Json ? new Bar(call.Shell) : null;
                var result = await LedgerBench.RunAsync(new(call.Get(batch), count, call.Get(orgs), kind, folder, StoreOption.Parse(call.Get(store)!)), progress, cancellationToken);
                await WriteAsync(call, call.Get(mode), StoreOption.Parse(call.Get(store)!) is null ? "sqlite" : "postgres", result);
                return ExitCode.Ok;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CommandFailedException(ExitCode.Unreachable, $"{folder} cannot be used: {e.Message}", inner: e);
            }
            finally
            {
                if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            }
        });
    }

    private static Task WriteAsync(Invocation call, string mode, string store, LedgerBenchResult result)
    {
        var machine = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}";
        return call.Shell.Out.WriteLineAsync(call.Json
            ? JsonOutput.Text(json =>
            {
                json.WriteStartObject();
                foreach (var property in JsonSerializer.SerializeToElement(result, BenchJson.Default.LedgerBenchResult).EnumerateObject()) property.WriteTo(json);
                json.WriteString("mode", mode);
                json.WriteString("store", store);
                json.WriteString("machine", machine);
                json.WriteEndObject();
            })
            : string.Create(CultureInfo.InvariantCulture, $"""
                {result.ChargesPerS:N0} {(mode == "charge" ? "charges" : mode == "hold-settle" ? "pairs" : "holds")}/s, {result.RatioToLimit} of {(store == "sqlite" ? "the plain loop's" : "bare COPY's")} {result.LimitRowsPerS:N0}/s
                p50 {result.P50Ms} ms, p99 {result.P99Ms} ms a batch; {result.CpuS} s of processor time
                {machine}
                """));
    }

    /// <summary>How far it is, on a terminal.</summary>
    private sealed class Bar(Shell shell) : IProgress<decimal>
    {
        public void Report(decimal value) => shell.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{value:P0}  "));
    }
}
