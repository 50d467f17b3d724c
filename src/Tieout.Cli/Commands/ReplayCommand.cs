using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core.Money;
using Tieout.Simulator.Replay;

namespace Tieout.Cli.Commands;

/// <summary><c>replay FILE</c>: recorded traffic, through the running gateway, over HTTP.</summary>
internal static class ReplayCommand
{
    public static Command Build(Globals globals)
    {
        var file = new Argument<string>("FILE") { Description = "CSV with the Azure trace's columns, or JSONL with the Mooncake trace's." };
        var org = Arguments.Org();
        var key = new Option<string>("--key") { Required = true, Description = "The secret of one of the org's keys." };
        var model = new Option<string>("--model") { Required = true, Description = "The model of every request." };
        var speed = new Option<string>(
            "--speed")
        { Description = "1: as recorded; N: N times faster; 0: as fast as possible.", DefaultValueFactory = _ => "0" };
        var concurrency = new Option<int>("--concurrency") { Description = "The number of concurrent requests.", DefaultValueFactory = _ => 8 };
        var stream = new Option<int>("--stream-percent") { Description = "The percentage of requests that are streamed." };
        var limit = new Option<int>("--limit") { Description = "The number of rows, from the first. Default: all.", DefaultValueFactory = _ => int.MaxValue };
        return globals.Running(new("replay", "Replay a trace through the gateway.") { file, org, key, model, speed, concurrency, stream, limit },
            async (call, cancellationToken) =>
        {
            using var api = new ApiClient(call.Server, call.Get(key));
            var options = new ReplayOptions
            {
                Server = call.Server,
                ApiKey = call.Get(key),
                Model = call.Get(model),
                Speed = Speed(call.Get(speed)),
                Concurrency = call.Get(concurrency),
                StreamPercent = call.Get(stream),
                CostOf = (operation, token) => CostAsync(api, call.Get(org), operation, token),
                Progress = call.Shell.IsTerminal && !call.Json ? progress => Show(call.Shell, progress) : null,
            };
            var summary = await RunAsync(options, TraceReader.ReadFile(call.Get(file)).Take(call.Get(limit)), call.Get(file), cancellationToken);
            if (call.Shell.IsTerminal && !call.Json) await call.Shell.Error.WriteLineAsync();
            await call.AnswerAsync(summary, ReplayJson.Default.ReplaySummary, (answer, text) => text.WriteLineAsync(answer.ToString()));
            return summary.ServerUnreachable ? ExitCode.Unreachable : summary.Failed > 0 ? ExitCode.Findings : ExitCode.Ok;
        });
    }

    /// <summary>What an operation came to, once it is settled; null: not to be found out.</summary>
    public static async Task<Amount?> CostAsync(ApiClient api, string org, string operation, CancellationToken cancellationToken)
    {
        try
        {
            var body = await api.GetAsync(ApiClient.Path(["orgs", org, "operations", operation]), ApiClient.Json.OperationBody, cancellationToken);
            return body.Settled ? body.Charge : null;
        }
        catch (CommandFailedException)
        {
            return null;
        }
    }

    private static async Task<ReplaySummary> RunAsync(ReplayOptions options, IEnumerable<TraceRow> rows, string file, CancellationToken cancellationToken)
    {
        try
        {
            using var replay = new TraceReplay(options);
            return await replay.RunAsync(rows, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TraceFormatException or ArgumentException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{file}: {e.Message}", inner: e);
        }
    }

    private static void Show(Shell shell, ReplayProgress progress) => shell.Error.Write(string.Create(
        CultureInfo.InvariantCulture,
        $"\r{progress.Sent:N0} sent, {progress.Ok:N0} ok, {progress.Refused:N0} refused, {progress.Failed:N0} failed, {progress.RequestsPerSecond:N0}/s, cost {progress.Cost}   "));

    private static decimal Speed(string text) => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var speed)
        ? speed
        : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is not a speed: write a number from 0.");
}
