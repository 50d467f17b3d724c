using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core.Budgets;
using Tieout.Server.Budgets;

namespace Tieout.Cli.Commands;

/// <summary><c>budget set|list|reconcile</c></summary>
internal static class BudgetCommands
{
    public static Command Build(Globals globals)
    {
        var command = new Command("budget", "Manage budgets: limits on the spend of a scope per window.") { Set(globals), List(globals), Reconcile(globals) };
        command.Aliases.Add("budgets");
        return command;
    }

    private static Command Set(Globals globals)
    {
        var org = Arguments.Org();
        var project = new Option<string?>("--project") { Description = "Count only spend of this project." };
        var team = new Option<string?>("--team") { Description = "Count only spend of this team's keys." };
        var key = new Option<string?>("--key") { Description = "A key's id." };
        var user = new Option<string?>("--user") { Description = "An end user; '*' limits each end user separately." };
        var feature = new Option<string?>("--feature") { Description = "Count only requests with this feature tag." };
        var window = new Option<string>("--window") { Required = true, Description = "minute, hour, day, week, month or total." };
        window.AcceptOnlyFromAmong("minute", "hour", "day", "week", "month", "total");
        var limit = new Option<string>("--limit") { Required = true, Description = "In the org's asset.", HelpName = "AMOUNT" };
        var hard = new Option<bool>("--hard") { Description = "Refuse requests that would exceed the limit." };
        var soft = new Option<bool>("--soft") { Description = "Warn only; never refuse." };
        var thresholds = new Option<string?>(
            "--thresholds")
        { Description = "Percentages of the limit at which to alert, once per window. Default: 50,75,90,100." };
        var zone = new Option<string?>("--time-zone") { Description = "Default: the org's.", HelpName = "ZONE" };
        var command = new Command(
            "set", "Set a budget, or change its limit.") { org, project, team, key, user, feature, window, limit, hard, soft, thresholds, zone };
        command.ExactlyOne(hard, soft);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var body = new SetBudgetBody(
                Enum.Parse<WindowUnit>(call.Get(window), ignoreCase: true), Arguments.ParseAmount(call.Get(limit)), call.Get(hard), call.Get(project),
                call.Get(team),
                call.Get(key), call.Get(user), call.Get(feature), call.Get(zone), Thresholds(call.Get(thresholds)));
            var answer = await api.SendAsync(
                HttpMethod.Put, ApiClient.Path(["orgs", call.Get(org), "budgets"]), body, ApiClient.Json.SetBudgetBody, ApiClient.Json.BudgetBody,
                cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.BudgetBody, (budget, text) =>
                text.WriteLineAsync(
                    $"{budget.Id}: at most {budget.Limit} ({(budget.Hard ? "hard" : "soft")}); {budget.Posted} spent, {budget.Held} held, {budget.Left} left."));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals)
    {
        var org = Arguments.Org();
        return globals.Calling(new("list", "List the budgets of an org with limit, spent and held.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "budgets"]), ApiClient.Json.BudgetListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.BudgetListBody, (list, text) => Table(list).WriteAsync(text));
            return ExitCode.Ok;
        });
    }

    internal static TextTable Table(BudgetListBody list)
    {
        var table = new TextTable("BUDGET", "USER", "KIND", ">LIMIT", ">POSTED", ">HELD", ">LEFT", "UNTIL");
        foreach (var budget in list.Items)
        {
            table.Add(budget.Id, budget.Each, budget.Hard ? "hard" : "soft", budget.Limit?.ToString(), budget.Posted.ToString(), budget.Held.ToString(),
                budget.Left?.ToString(), budget.End ?? "ever");
        }

        return table;
    }

    private static Command Reconcile(Globals globals)
    {
        var org = new Argument<string>("ORG");
        return globals.Calling(new("reconcile",
            "Recount every window from postings and open holds, and compare the hierarchy with the flat daily counter. Exit code 1: something differs.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(
                ApiClient.Path(["orgs", call.Get(org), "budgets", "reconciliation"]), ApiClient.Json.BudgetReconciliationBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.BudgetReconciliationBody, WriteAsync);
            return answer.Differing == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task WriteAsync(BudgetReconciliationBody body, TextWriter text)
    {
        var table = new TextTable("BUDGET", "USER", "FROM", ">POSTED", ">COUNTED", ">HELD", ">COUNTED", ">DIFFERENCE");
        foreach (var window in body.Windows)
        {
            table.Add(
                window.Budget, window.User, window.Start[..16] + "Z", window.Posted.ToString(), window.PostedCounted.ToString(), window.Held.ToString(),
                window.HeldCounted.ToString(), window.Difference.ToString());
        }

        await table.WriteAsync(text);
        var levels = new TextTable("LEVEL", ">MEMBERS", ">TOTAL", ">FLAT COUNTER", ">DIFFERENCE");
        foreach (var level in body.Levels)
        {
            levels.Add(level.Level, $"{level.Members.Count}", level.Total.ToString(), level.Flat.ToString(), level.Difference.ToString());
        }

        await text.WriteLineAsync("\nToday, by each level:");
        await levels.WriteAsync(text);
        await text.WriteLineAsync(body.Differing == 0 ? $"Everything ties ({body.Asset}, commit {body.AsOf})."
            : $"{body.Differing} differ ({body.Asset}, commit {body.AsOf}): a defect. Run 'tieout reconcile' and 'tieout verify'.");
    }

    private static int[]? Thresholds(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? percent
            : throw new CommandFailedException(ExitCode.Usage, $"'{part}' is not a percentage. Write thresholds such as 50,75,90,100.")).ToArray();
}
