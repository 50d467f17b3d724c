using System.CommandLine;
using Tieout.Cli.Commands;
using Tieout.Cli.Output;

namespace Tieout.Cli;

/// <summary>The whole of <c>tieout</c>, in this process or in a test.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Shell shell, CancellationToken cancellationToken = default)
    {
        var globals = new Globals(shell);
        var parsed = Root(globals).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            var asJson = parsed.GetValue(globals.Json);
            await SayAsync(shell, string.Join(' ', parsed.Errors.Select(error => error.Message).Distinct(StringComparer.Ordinal)), "usage", asJson);
            if (!asJson) await shell.Error.WriteLineAsync($"Try '{string.Join(' ', ["tieout", .. Path(parsed), "--help"])}'.");
            return ExitCode.Usage;
        }

        try
        {
            var form = new InvocationConfiguration
            {
                Output = shell.Out,
                Error = shell.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(30)
            };
            return await parsed.InvokeAsync(form, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Usage;
        }
        catch (Exception e)
        {
            // A bug of ours, or a world we did not foresee: never a stack trace, but enough to tell us.
            await SayAsync(shell, $"This should not have happened ({e.GetType().Name}): {e.Message}", "internal_error", json: false);
            return ExitCode.Unreachable;
        }
    }

    /// <summary>Errors go to the error stream, so that output can be piped whatever happens.</summary>
    public static Task SayAsync(Shell shell, string message, string? code, bool json) => shell.Error.WriteLineAsync(json
        ? JsonOutput.Text(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error");
            writer.WriteString("code", code ?? "failed");
            writer.WriteString("message", message);
            writer.WriteEndObject();
            writer.WriteEndObject();
        })
        : code is null or "usage" ? $"tieout: {message}" : $"tieout: {message} [{code}]");

    internal static RootCommand Root(Globals globals)
    {
        var root = new RootCommand("A metering gateway and billing ledger for AI and GPU platforms whose numbers tie out.")
        {
            globals.Json, globals.Server, globals.Token, globals.TokenFile,
            OrgCommands.Build(globals), UnitCommands.Team(globals), UnitCommands.Project(globals), KeyCommands.Build(globals), TokenCommands.Build(
                globals), TokenCommands.Audit(globals), BudgetCommands.Build(globals),
            MoneyCommands.TopUp(globals), MoneyCommands.Grant(globals), CorrectCommand.Build(globals), FreezeCommands.Freeze(globals), FreezeCommands.Unfreeze(
                globals), ProposalCommands.Build(globals), MoneyCommands.Balance(globals),
            UsageCommand.Build(globals), DistributionsCommand.Build(globals), SpendCommand.Build(globals),
            SharedCostCommand.Build(globals),
            RuntimeCommands.Build(globals), OperationCommand.Build(globals), HoldsCommand.Build(globals), ReconcileCommand.Build(
                globals), FindingsCommand.Build(globals),
            InvoiceCommand.Build(globals), CostsCommand.Build(globals), TieCommand.Build(globals), ExportCommand.Build(globals), PricesCommands.Build(
                globals), RateCommand.Build(globals),
            LineageCommand.Build(globals), TriageCommand.Build(globals), PacketCommand.Build(globals), SpikeCommand.Build(globals),
            MitigateCommand.Build(globals), AlertCommand.Build(globals),
            GuardCommand.Build(globals), ContractCommand.Build(globals), OpenCostCommand.Build(globals), JoinCommand.Build(globals),
            FocusCommand.Build(globals),
            WebhookCommands.Build(globals), WebhookCommands.Outbox(globals),
            TraceCommand.Build(globals), ErrorsCommand.Build(globals), SurfacesCommand.Build(globals), IncidentCommand.Build(globals),
            HealthCommand.Build(globals), QuarantineCommand.Build(globals), VerifyCommand.Build(globals), RebuildCommand.Build(globals),
            MigrateCommand.Build(globals), BackupCommands.Backup(globals), BackupCommands.Restore(globals), ArchiveCommand.Build(globals),
            BenchCommand.Build(globals),
            ServeCommand.Build(globals), DemoCommand.Build(globals), SimulateProviderCommand.Build(globals), SimulateTrafficCommand.Build(
                globals), ReplayCommand.Build(globals),
        };
        return root;
    }

    private static Stack<string> Path(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            if (result.Command is not RootCommand) names.Push(result.Command.Name);
        }

        return names;
    }
}
