using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tieout.Bench.Ledger;
using Tieout.Cli.Output;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>bench ledger</c>: the ledger against the plain loop on the same disk, and several nodes against one, in the same run.</summary>
internal sealed class BenchLedgerCommand
{
    private const int BatchMax = 100_000;
    private const int RateMax = 100_000;
    private const int SecondsAtRate = 20;

    /// <summary>More of them share the same few cores.</summary>
    private const int NodesMax = 8;

    private readonly Option<int> _batch = new("--batch") { Description = "Commands per commit.", DefaultValueFactory = _ => 8_189 };
    private readonly Option<long?> _charges = new("--charges") { Description = "Number of charges. Default: enough for some seconds." };
    private readonly Option<int> _orgs = new("--orgs") { Description = "Number of orgs.", DefaultValueFactory = _ => 10 };
    private readonly Option<string> _mode = new("--mode") { Description = "charge, hold-settle or single-hold.", DefaultValueFactory = _ => "charge" };
    private readonly Option<int?> _rate = new(
        "--rate")
    { Description = "Single holds per second at fixed times, whether or not earlier ones are answered. Default: one after another." };
    private readonly Option<bool> _follower = new("--follower") { Description = "Count the rows beside the writer, as a server does." };
    private readonly Option<int> _nodes =
        new("--nodes")
        {
            Description = "Number of nodes on one PostgreSQL, sharing every org. Measured beside one node alone in the same run.",
            DefaultValueFactory = _ => 1
        };
    private readonly Option<string> _store =
        new("--store")
        {
            Description = "sqlite, or postgres://user@host:port/database: the bench creates a database on that server and drops it at the end.",
            DefaultValueFactory = _ => "sqlite",
            HelpName = "STORE"
        };
    private readonly Option<string?> _data = new(
        "--data")
    { Description = "Measure the disk that this folder is on. Default: the current folder's.", HelpName = "DIR" };

    public static Command Build(Globals globals) => new BenchLedgerCommand().In(globals);

    private Command In(Globals globals)
    {
        _mode.AcceptOnlyFromAmong("charge", "hold-settle", "single-hold");
        var command = new Command("ledger",
            "Measure durable charges per second against a baseline without ledger rules.")
        {
            _batch, _charges, _orgs, _mode, _rate, _follower, _nodes, _store, _data,
        };
        return globals.Running(command, async (call, cancellationToken) =>
        {
            var folder = Path.Combine(call.Get(_data) ?? ".", $".tieout-bench-{Guid.NewGuid():N}");
            var options = Options(call, folder);
            try
            {
                PrivateFiles.CreateFolder(folder);
                var progress = call.Shell.IsTerminal && !call.Json ? new Bar(call.Shell) : null;
                await WriteAsync(call, options, await LedgerBench.RunAsync(options, progress, cancellationToken));
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

    /// <exception cref="CommandFailedException">They cannot be measured together.</exception>
    private LedgerBenchOptions Options(Invocation call, string folder)
    {
        var (batch, nodes, rate) = (call.Get(_batch), call.Get(_nodes), call.Get(_rate));
        var mode = call.Get(_mode) switch
        {
            "charge" => LedgerBenchMode.Charge,
            "hold-settle" => LedgerBenchMode.HoldSettle,
            _ => LedgerBenchMode.SingleHold,
        };
        var postgres = StoreOption.Parse(call.Get(_store)!);
        if (batch is < 1 or > BatchMax) throw Wrong($"A batch has from 1 to {BatchMax} commands.");
        if (nodes is < 1 or > NodesMax) throw Wrong($"The number of nodes must be from 1 to {NodesMax}.");
        if (nodes > 1 && postgres is null) throw Wrong("The embedded store has one node: write --store postgres://... for more.");
        if (rate is < 1 or > RateMax) throw Wrong($"A rate is from 1 to {RateMax} a second.");
        if (rate is not null && mode != LedgerBenchMode.SingleHold) throw Wrong("Only single holds come at a rate: write --mode single-hold.");
        var count = call.Get(_charges) ?? (rate is { } perS ? perS * (long)SecondsAtRate : Math.Clamp(batch * 2_000L, 4_000, 1_000_000));
        if (count < 1 || call.Get(_orgs) < 1) throw Wrong("The bench needs at least one charge and one org.");
        return new(batch, count, call.Get(_orgs), mode, folder, postgres, nodes, rate) { Follower = call.Get(_follower) };
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.Usage, message);

    private Task WriteAsync(Invocation call, LedgerBenchOptions options, LedgerBenchResult result)
    {
        var machine =
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}";
        if (!call.Json)
        {
            return call.Shell.Out.WriteLineAsync(
                $"{Text(options, result)}{(result.OneNode is { } one ? $"\none node alone: {Text(options, one)}" : "")}\n{machine}");
        }

        return call.Shell.Out.WriteLineAsync(JsonOutput.Text(json =>
        {
            json.WriteStartObject();
            foreach (var property in JsonSerializer.SerializeToElement(result, BenchJson.Default.LedgerBenchResult).EnumerateObject()) property.WriteTo(json);
            json.WriteString("mode", call.Get(_mode));
            json.WriteString("store", options.Postgres is null ? "sqlite" : "postgres");
            json.WriteString("machine", machine);
            json.WriteEndObject();
        }));
    }

    private static string Text(LedgerBenchOptions options, LedgerBenchResult result)
    {
        var what = options.Mode switch
        {
            LedgerBenchMode.Charge => "charges",
            LedgerBenchMode.HoldSettle => "pairs",
            _ => "holds",
        };
        var against = result.LimitRowsPerS is { } limit
            ? string.Create(CultureInfo.InvariantCulture,
                $", {result.RatioToLimit} of {(options.Postgres is null ? "the plain loop's" : "bare COPY's")} {limit:N0}/s") : "";
        var from = options.RatePerS is { } rate ? string.Create(CultureInfo.InvariantCulture, $"from when each was due, at {rate:N0}/s")
            : options.Mode == LedgerBenchMode.SingleHold ? "a hold" : "a batch";
        return string.Create(CultureInfo.InvariantCulture, $"""
            {result.ChargesPerS:N0} {what}/s{(result.Nodes > 1 ? $" by {result.Nodes} nodes" : "")}{against}
            p50 {result.P50Ms} ms, p99 {result.P99Ms} ms, p99.9 {result.P999Ms} ms {from}; {result.CpuS} s of processor time
            """);
    }

    /// <summary>How far it is, on a terminal.</summary>
    private sealed class Bar(Shell shell) : IProgress<decimal>
    {
        public void Report(decimal value) => shell.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{value:P0}  "));
    }
}
