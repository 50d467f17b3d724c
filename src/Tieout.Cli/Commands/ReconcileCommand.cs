using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Reconciliation.SelfCheck;

namespace Tieout.Cli.Commands;

/// <summary><c>reconcile</c>: ends with 1 when there are findings.</summary>
internal static class ReconcileCommand
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500);

    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var from = new Option<string?>("--from") { Description = "A day, or a time with its offset.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded.", HelpName = "TIME" };
        var project = new Option<string?>("--project");
        var app = new Option<string?>("--app-instance") { HelpName = "ID" };
        var key = new Option<string?>("--key") { HelpName = "KEY" };
        var correlation = new Option<string?>("--correlation") { HelpName = "ID" };
        var full = new Option<bool>("--full") { Description = "Check every row, not only those since the last run of this server." };
        var command = new Command("reconcile",
            "Compare every figure of the ledger with its rows; show each difference, its cause and its repair.") { org, from, to, project, app, key,
                correlation, full };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var request = new ReconciliationRequest(
                call.Get(org), call.Get(from), call.Get(to), call.Get(project), call.Get(app), call.Get(key), call.Get(correlation), call.Get(full));
            var run = api.SendAsync(HttpMethod.Post, "reconciliations", request, ReconciliationJson.Default.ReconciliationRequest,
                ReconciliationJson.Default.ReconciliationBody, cancellationToken);
            var answer = await AnswerAsync(call, api, run, cancellationToken);
            await call.AnswerAsync(answer, ReconciliationJson.Default.ReconciliationBody, WriteAsync);
            return answer.Findings.Count == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task<ReconciliationBody> AnswerAsync(
        Invocation call, ApiClient api, Task<ReconciliationBody> run, CancellationToken cancellationToken)
    {
        try
        {
            if (call.Shell.IsTerminal && !call.Json) await WatchAsync(call.Shell, api, run, cancellationToken);
            return await run;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(
                ExitCode.Unreachable,
                "Interrupted before the server answered: it stops the run. No figure was changed; findings are as they were, or as the whole run left them. "
                + "Run the command again: without --full it checks the rows since the last whole run.", "interrupted");
        }
    }

    /// <summary>A bar while the run lasts, on a terminal only.</summary>
    private static async Task WatchAsync(Shell shell, ApiClient api, Task run, CancellationToken cancellationToken)
    {
        using var line = ProgressLine.Begin(shell, asJson: false);
        while (await Task.WhenAny(run, Task.Delay(Glance, cancellationToken)) != run)
        {
            var at = await api.GetAsync("reconciliations", ReconciliationJson.Default.RunProgressBody, cancellationToken);
            line?.Report(new(at.Done, at.Total));
        }
    }

    private static async Task WriteAsync(ReconciliationBody run, TextWriter text)
    {
        if (run.Findings.Count > 0)
        {
            var table = new TextTable("FINDING", "SEVERITY", "ORG", ">LEFT", ">RIGHT", ">DIFFERENCE");
            foreach (var finding in run.Findings)
            {
                table.Add(finding.Id, finding.Severity, finding.Scope.Org ?? "", finding.Left?.ToString() ?? "none", finding.Right?.ToString() ?? "none",
                    finding.Difference?.ToString() ?? "");
            }

            await table.WriteAsync(text);
            foreach (var finding in run.Findings) await text.WriteLineAsync($"\n{finding.Id}\n  {finding.Cause}\n  {finding.Proposed}");
        }

        if (run.More > 0) await text.WriteLineAsync($"{run.More} more differences exist. Correct or accept some of these; the next run lists more.");
        await text.WriteLineAsync(
            $"{(run.Findings.Count == 0 ? "Everything ties out" : $"{run.Findings.Count} findings")}: {run.Checked} rows and figures, commit {run.AsOf}; {run.Opened} opened, {run.Ended} ended.");
    }
}
