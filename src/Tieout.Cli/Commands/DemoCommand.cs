using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Tieout.Cli.Demo;
using Tieout.Cli.Output;
using Tieout.Server.Configuration;
using Tieout.Server.Reconciliation;
using Tieout.Server.Tenancy;
using Tieout.Simulator.Provider;
using Tieout.Simulator.Replay;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>demo</c>: an hour of real traffic in minutes, through a real gateway, and then whether the numbers tie out.</summary>
internal static class DemoCommand
{
    private const string Provider = "simulated";
    private const int Concurrency = 32;
    private const int StreamPercent = 40;

    private sealed record DemoResult(ReplaySummary Replay, CostsTodayBody Costs, VerificationReport Verification)
    {
        public bool IsFine => Replay.Failed == 0 && Costs.DriftPct == 0 && Verification.Ok;
    }

    public static Command Build(Globals globals)
    {
        var listen = new Option<string>(
            "--listen")
        { Description = "The gateway's address.", HelpName = "URL", DefaultValueFactory = _ => Globals.DefaultServer };
        var data = new Option<string?>("--data") { Description = $"Default: a new folder in {Shell.DefaultData}/demo.", HelpName = "DIR" };
        var minutes = new Option<string>(
            "--minutes")
        { Description = "Minutes in which to replay the hour; 0: as fast as possible.", DefaultValueFactory = _ => "2" };
        var requests = new Option<int>(
            "--requests")
        { Description = "The number of requests, from the first. Default: all.", DefaultValueFactory = _ => int.MaxValue };
        var exit = new Option<bool>("--exit") { Description = "Stop when the traffic is over." };
        return globals.Running(
            new("demo", "Run a demonstration: gateway, budgets, ledger, checks.") { listen, data, minutes, requests, exit }, async (call, cancellationToken) =>
        {
            var speed = Speed(call.Get(minutes));
            await using var provider = SimulatedProviderApp.Build(new() { Listen = "http://127.0.0.1:0", Latency = TimeSpan.FromMilliseconds(60) });
            await ServeCommand.ListenAsync(provider, "http://127.0.0.1:0", cancellationToken);
            var folder = call.Get(data) ?? Path.Combine(Shell.DefaultData, "demo", DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
            await using var server = await ServeCommand.StartAsync(Options(provider.Urls.First(), folder, call.Get(listen)), cancellationToken);
            using var api = new ApiClient(new(server.Url), server.AdminToken);
            var org = await DemoOrg.CreateAsync(api, cancellationToken);

            if (!call.Json) await call.Shell.Out.WriteLineAsync($"Gateway at {server.Url}, simulated provider at {provider.Urls.First()}, data in {folder}\n");
            var replay = await ReplayAsync(call, api, org, server.Url, speed, call.Get(requests), cancellationToken);
            var costs = await api.GetAsync($"orgs/{DemoOrg.Id}/costs/today", ApiClient.Json.CostsTodayBody, cancellationToken);
            var outcome = new DemoResult(replay, costs, VerifyCommand.Run(folder));
            await WriteAsync(call, outcome, server.Url, folder);
            if (call.Get(exit)) return outcome.IsFine ? ExitCode.Ok : ExitCode.Findings;

            if (!call.Json) await call.Shell.Out.WriteLineAsync(Next(server.Url, folder, org.AnyKey));
            await server.App.WaitForShutdownAsync(cancellationToken);
            return outcome.IsFine ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static ServerOptions Options(string provider, string folder, string listen) => new()
    {
        Listen = listen,
        Data = folder,
        LogsRefused = false,
        Providers = [new(Provider, ProviderDialect.OpenAi, new(provider + "/v1"), "sk-simulated", ["X-Sim-*"])],
        Models = [.. DemoOrg.Models.Select(model => new ModelOptions(model, [new(Provider, model)]))],
    };

    private static async Task<ReplaySummary> ReplayAsync(
        Invocation call, ApiClient api, DemoOrg org, string url, decimal speed, int requests, CancellationToken cancellationToken)
    {
        var view = new DemoView(api, call.Shell, silent: call.Json);
        using var replay = new TraceReplay(new()
        {
            Server = new(url),
            ApiKey = org.AnyKey,
            Model = DemoOrg.Models.First(),
            Speed = speed,
            Concurrency = Concurrency,
            StreamPercent = StreamPercent,
            Shape = org.Shape,
            CostOf = (operation, token) => ReplayCommand.CostAsync(api, DemoOrg.Id, operation, token),
            Progress = view.Report,
        });
        return await view.WhileAsync(replay.RunAsync(Hour().Take(requests), cancellationToken), cancellationToken);
    }

    /// <summary>The real trace where it lies beside the repository, else one of its shape.</summary>
    private static IEnumerable<TraceRow> Hour()
    {
        var real = Path.Combine("..", "shared", "data", "traces", "azure-llm-inference-2023-code.csv");
        return File.Exists(real) ? TraceReader.ReadFile(real) : SyntheticHour.Rows();
    }

    private static Task WriteAsync(Invocation call, DemoResult outcome, string url, string folder)
    {
        if (call.Json)
        {
            return call.Shell.Out.WriteLineAsync(JsonOutput.Text(json =>
            {
                json.WriteStartObject();
                json.WriteString("url", url);
                json.WriteString("data", folder);
                json.WritePropertyName("replay");
                JsonSerializer.Serialize(json, outcome.Replay, ReplayJson.Default.ReplaySummary);
                json.WritePropertyName("costs_today");
                JsonSerializer.Serialize(json, outcome.Costs, ApiClient.Json.CostsTodayBody);
                json.WritePropertyName("verify");
                VerifyCommand.Write(json, outcome.Verification);
                json.WriteEndObject();
            }));
        }

        return WriteTextAsync(call.Shell, outcome);
    }

    private static async Task WriteTextAsync(Shell shell, DemoResult outcome)
    {
        await shell.Out.WriteLineAsync($"\n{outcome.Replay}\n\n$ tieout costs today --org {DemoOrg.Id}");
        await CostsCommand.WriteAsync(outcome.Costs, shell.Out);
        await shell.Out.WriteLineAsync("\n$ tieout verify");
        await VerifyCommand.WriteAsync(shell, asJson: false, outcome.Verification);
    }

    private static string Next(string url, string folder, string key) =>
        $$"""

        The gateway stays up; Ctrl-C ends it. Try in another terminal:

          curl {{url}}/v1/chat/completions -i -H 'Authorization: Bearer {{key}}' -H 'Content-Type: application/json' \
            -d '{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}'

          export TIEOUT_URL={{url}} TIEOUT_TOKEN=$(cat {{AdminTokenFile.In(folder)}})
          ./tieout balance {{DemoOrg.Id}}
          ./tieout budget list --org {{DemoOrg.Id}}
          ./tieout spend --org {{DemoOrg.Id}} --by team,model
          ./tieout invoice {{DemoOrg.Id}} {{DateTime.UtcNow.ToString("yyyy-MM", CultureInfo.InvariantCulture)}}
          ./tieout usage {{DemoOrg.Id}} --format csv
        """;

    private static decimal Speed(string minutes) => decimal.TryParse(minutes, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var given)
        ? given == 0 ? 0 : 60 / given
        : throw new CommandFailedException(ExitCode.Usage, $"'{minutes}' is not a number of minutes.");
}
