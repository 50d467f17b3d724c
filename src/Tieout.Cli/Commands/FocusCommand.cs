using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core.Invoicing.Focus;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Bills;

namespace Tieout.Cli.Commands;

/// <summary><c>focus check FILE</c></summary>
internal static class FocusCommand
{
    private const int ShownAtFirst = 50;

    private const int ShownMax = 1_000;

    public static Command Build(Globals globals) => new("focus", "Work with files in the format of FOCUS.") { Check(globals) };

    private static Command Check(Globals globals)
    {
        var file = new Argument<string>("FILE") { Description = "Cost and Usage or Contract Commitment of FOCUS, as CSV." };
        var supports = new Option<string[]>("--supports")
        {
            Description = "A criterion of the specification that holds for the provider, for example REGION_SUPPORTED, or all. Can be given several times. "
                + "Criteria that the columns show hold anyway.",
            HelpName = "CRITERION",
        };
        var limit = new Option<int>("--limit")
        {
            Description = $"Findings to list: 0 to {ShownMax}. All are counted. Default: {ShownAtFirst}.",
            DefaultValueFactory = _ => ShownAtFirst,
            HelpName = "N",
        };
        var command = new Command(
            "check", $"Check every static rule of FOCUS {FocusModel.Version} over a file. Exit code 1: a rule with MUST or MUST NOT fails.")
        {
            file, supports, limit,
        };
        return globals.Running(command, async (call, cancellationToken) =>
        {
            if (call.Get(limit) is var most && most is < 0 or > ShownMax)
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{most}' is no number of findings to list: write 0 to {ShownMax}.", "parameter_invalid");
            }

            await using var rows = InputFile.Open(call.Get(file));
            FocusReport report;
            try
            {
                report = await FocusFile.CheckAsync(rows, Criteria(call.Get(supports) ?? []), cancellationToken);
            }
            catch (ApiRefusedException e)
            {
                throw new CommandFailedException(ExitCode.Usage, $"{call.Get(file)}: {e.Detail ?? e.Message}", e.Error.Code, e);
            }

            await call.AnswerAsync(report with { Findings = [.. report.Findings.Take(most)] }, FocusReportJson.Default.FocusReport, WriteAsync);
            return report.Conforms ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static List<string> Criteria(IReadOnlyList<string> given)
    {
        if (given.Contains("all", StringComparer.OrdinalIgnoreCase)) return [.. FocusModel.Criteria];
        if (given.FirstOrDefault(name => !FocusModel.Criteria.Contains(name, StringComparer.Ordinal)) is { } unknown)
        {
            throw new CommandFailedException(
                ExitCode.Usage, $"'{unknown}' is no criterion of FOCUS {FocusModel.Version}: use {string.Join(", ", FocusModel.Criteria)}, or all.",
                "parameter_invalid");
        }

        return [.. given];
    }

    private static async Task WriteAsync(FocusReport report, TextWriter text)
    {
        if (report.Findings.Count > 0)
        {
            var table = new TextTable(">LINE", "COLUMN", "VALUE", "LEVEL", "RULE", "THE RULE SAYS");
            foreach (var finding in report.Findings)
            {
                table.Add(
                    $"{finding.Line}", finding.Column, finding.Value ?? "(empty)", finding.Level.ToString().ToUpperInvariant(), finding.Rule, finding.Sentence);
            }

            await table.WriteAsync(text);
            await text.WriteLineAsync(
                $"{Count(report.Findings.Count)} of {Count(report.FindingCount)} findings are listed, at most the first three of each rule. "
                + "--json counts each rule.");
            await text.WriteLineAsync();
        }

        await text.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{report.Passed} of {report.Applicable} applicable static rules of FOCUS {report.Version} pass "
            + $"over {report.Rows:N0} row{(report.Rows == 1 ? "" : "s")} of {report.Dataset}."));
        if (report.Supports.Count > 0) await text.WriteLineAsync($"Criteria that hold: {string.Join(", ", report.Supports)}.");
        foreach (var reason in report.Unchecked) await text.WriteLineAsync($"Not checked, {reason.Rules.Count} rules: {reason.Reason}");
        if (report.Partly.Count > 0)
        {
            await text.WriteLineAsync($"Not compared over every row, since the file has too many different values: {string.Join(", ", report.Partly)}.");
        }

        if (report.Failures.Count > 0 && report.Conforms) await text.WriteLineAsync("Only rules with SHOULD or RECOMMENDED fail: the file conforms.");
    }

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
