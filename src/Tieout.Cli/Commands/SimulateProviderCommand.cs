using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Tieout.Cli.Output;
using Tieout.Simulator.Provider;
using Tieout.Simulator.Replay;

namespace Tieout.Cli.Commands;

/// <summary><c>simulate-provider</c>: something to send requests to that costs nothing, and misbehaves on demand.</summary>
internal static class SimulateProviderCommand
{
    public static Command Build(Globals globals)
    {
        var defaults = new SimulatedProviderOptions();
        var listen = new Option<string>(
            "--listen")
        { Description = "Its address; port 0 takes a free port.", HelpName = "URL", DefaultValueFactory = _ => defaults.Listen };
        var latency = new Option<int>("--latency-ms") { Description = "Milliseconds before the first byte of every answer." };
        var seed = new Option<int>("--seed") { Description = "The seed of ids and failures.", DefaultValueFactory = _ => defaults.Seed };
        var faults = new Option<string?>("--fault-rate") { Description = "The share of requests that fail in some way, 0 to 1." };
        var trace = new Option<string?>("--trace") { Description = "A trace whose rows give the token counts.", HelpName = "FILE" };
        var log = new Option<string?>("--log") { Description = "Append every answered call to this file.", HelpName = "FILE" };
        return globals.Running(new("simulate-provider",
            "Run a simulated model provider that answers with the requested token counts.") { listen, latency, seed, faults, trace, log },
            async (call, cancellationToken) =>
        {
            var options = defaults with
            {
                Listen = call.Get(listen),
                Latency = TimeSpan.FromMilliseconds(call.Get(latency)),
                Seed = call.Get(seed),
                FaultRate = Share(call.Get(faults)),
                TracePath = call.Get(trace),
                LogPath = call.Get(log),
            };
            await using var app = Build(options);
            await ServeCommand.ListenAsync(app, options.Listen, cancellationToken);
            await call.Shell.Out.WriteLineAsync(call.Json
                ? JsonOutput.Text(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("url", app.Urls.First());
                    json.WriteEndObject();
                })
                : $"The simulated provider answers at {app.Urls.First()}/v1");
            await call.Shell.Out.FlushAsync(cancellationToken);
            await app.WaitForShutdownAsync(cancellationToken);
            return ExitCode.Ok;
        });
    }

    private static Microsoft.AspNetCore.Builder.WebApplication Build(SimulatedProviderOptions options)
    {
        try
        {
            return SimulatedProviderApp.Build(options);
        }
        catch (Exception e) when (e is ArgumentException or IOException or TraceFormatException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Message, inner: e);
        }
    }

    private static decimal Share(string? text) => text is null ? 0
        : decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && share <= 1 ? share
        : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is not a share: write one from 0 to 1, such as 0.05.");
}
