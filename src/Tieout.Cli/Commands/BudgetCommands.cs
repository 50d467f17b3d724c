using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core.Budgets;
using Tieout.Server.Api;

namespace Tieout.Cli.Commands;

/// <summary><c>budget set|list</c></summary>
internal static class BudgetCommands
{
    public static Command Build(Globals globals) => new("budget", "Budgets: limits on what a scope spends per window.") { Set(globals), List(globals) };

    private static Command Set(Globals globals)
    {
        var org = Arguments.Org();
        var project = new Option<string?>("--project") { Description = "Only what is spent for this project." };
        var team = new Option<string?>("--team") { Description = "Only what this team's keys spend." };
        var key = new Option<string?>("--key") { Description = "A key's id." };
        var user = new Option<string?>("--user") { Description = "An end user; '*' gives each a window of their own." };
        var feature = new Option<string?>("--feature") { Description = "Only what requests tag with this feature." };
        var window = new Option<string>("--window") { Required = true, Description = "minute, hour, day, week, month or total." };
        window.AcceptOnlyFromAmong("minute", "hour", "day", "week", "month", "total");
        var limit = new Option<string>("--limit") { Required = true, Description = "In the org's asset.", HelpName = "AMOUNT" };
        var hard = new Option<bool>("--hard") { Description = "Nothing passes it." };
        var soft = new Option<bool>("--soft") { Description = "It only tells." };
        var thresholds = new Option<string?>("--thresholds") { Description = "Per cents that are told once a window. Default: 50,75,90,100." };
        var zone = new Option<string?>("--time-zone") { Description = "Default: the org's.", HelpName = "ZONE" };
        var command = new Command("set", "Sets a budget, or changes its limit.") { org, project, team, key, user, feature, window, limit, hard, soft, thresholds, zone };
        command.ExactlyOne(hard, soft);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var body = new SetBudgetBody(
                Enum.Parse<WindowUnit>(call.Get(window), ignoreCase: true), Arguments.ParseAmount(call.Get(limit)), call.Get(hard), call.Get(project), call.Get(team),
                call.Get(key), call.Get(user), call.Get(feature), call.Get(zone), Thresholds(call.Get(thresholds)));
            var answer = await api.SendAsync(
                HttpMethod.Put, ApiClient.Path(["orgs", call.Get(org), "budgets"]), body, ApiClient.Json.SetBudgetBody, ApiClient.Json.BudgetBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.BudgetBody, (budget, text) =>
                text.WriteLineAsync($"{budget.Id}: at most {budget.Limit} ({(budget.Hard ? "hard" : "soft")}); {budget.Posted} spent, {budget.Held} held, {budget.Left} left."));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals)
    {
        var org = Arguments.Org();
        return globals.Calling(new("list", "The budgets of an org and how their windows stand.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "budgets"]), ApiClient.Json.BudgetListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.BudgetListBody, (list, text) =>
            {
                var table = new TextTable("BUDGET", "USER", "KIND", ">LIMIT", ">POSTED", ">HELD", ">LEFT", "UNTIL");
                foreach (var budget in list.Items)
                {
                    table.Add(budget.Id, budget.Each, budget.Hard ? "hard" : "soft", budget.Limit?.ToString(), budget.Posted.ToString(), budget.Held.ToString(), budget.Left?.ToString(), budget.End ?? "ever");
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    private static int[]? Thresholds(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? percent
            : throw new CommandFailedException(ExitCode.Usage, $"'{part}' is not a per cent: write thresholds such as 50,75,90,100.")).ToArray();
}
