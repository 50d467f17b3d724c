using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core.Metering;
using Tieout.Server.Attribution.Contracts;

namespace Tieout.Cli.Commands;

/// <summary><c>contracts completeness CONTRACT</c> and <c>contracts incomplete CONTRACT</c></summary>
internal static class CompletenessCommand
{
    public static Command Build(Globals globals)
    {
        var (name, from, to) = (new Argument<string>("CONTRACT"), From(), To());
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var asset = new Option<string?>("--asset") { Description = "The asset, where all orgs are shown and they use several." };
        var by = new Option<string?>("--by")
        {
            Description = "Group by up to 3 of day, org, source and the other labels. Default: source.",
            HelpName = "day,team",
        };
        var sql = new Option<bool>("--sql") { Description = "Print the query of the database that comes to the same. It needs --org." };
        var command = new Command("completeness", "Show how much of the billable usage has what a contract asks for. Exit code 1: less than its objective.")
        {
            name, org, asset, by, from, to, sql,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(
                ["contracts", call.Get(name), "completeness"], ("org", call.Get(org)), ("asset", call.Get(org) is null ? call.Get(asset) : null),
                ("by", call.Get(by)), ("from", call.Get(from)), ("to", call.Get(to)));
            var answer = await api.GetAsync(path, ContractCommand.Json.CompletenessBody, cancellationToken);
            if (call.Get(sql) && answer.Sql is null) throw new CommandFailedException(ExitCode.Usage, "The query is of one org: name it with --org.");
            await call.AnswerAsync(answer, ContractCommand.Json.CompletenessBody, call.Get(sql) ? (body, text) => text.WriteLineAsync(body.Sql) : WriteAsync);
            return answer.Total.MeetsObjective ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    public static Command Incomplete(Globals globals)
    {
        var (name, org, from, to) = (new Argument<string>("CONTRACT"), Arguments.Org(), From(), To());
        var limit = new Option<int?>("--limit") { Description = "Rows to show, 1 to 1000. Default: 100.", HelpName = "N" };
        var cursor = new Option<string?>("--cursor") { Description = "Where the page before ended.", HelpName = "PLACE" };
        return globals.Calling(
            new("incomplete", "List the usage of an org that breaks a contract, newest first.") { name, org, from, to, limit, cursor },
            async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(
                ["contracts", call.Get(name), "incomplete"], ("org", call.Get(org)), ("from", call.Get(from)), ("to", call.Get(to)),
                ("limit", call.Get(limit)?.ToString(CultureInfo.InvariantCulture)), ("cursor", call.Get(cursor)));
            var answer = await api.GetAsync(path, ContractCommand.Json.IncompleteListBody, cancellationToken);
            await call.AnswerAsync(answer, ContractCommand.Json.IncompleteListBody, WriteRowsAsync);
            return ExitCode.Ok;
        });
    }

    private static Option<string?> From() => new("--from")
    {
        Description = "A day, or a time with its offset. A day begins in the org's time zone. Default: the start of the current month.",
        HelpName = "TIME",
    };

    private static Option<string?> To() => new("--to")
    {
        Description = "The end of the range, excluded. Default: the end of the current month.",
        HelpName = "TIME",
    };

    private static async Task WriteAsync(CompletenessBody body, TextWriter text)
    {
        var table = new TextTable([
            .. body.By.Select(name => name.Replace('_', ' ').ToUpperInvariant()), ">BILLABLE", ">COMPLETE", ">SHARE", ">BUDGET USED", ">CHARGE",
            ">UNATTRIBUTED", "MISSING"]);
        foreach (var line in body.Items.Append(body.Total))
        {
            IEnumerable<string?> names = line == body.Total
                ? body.By.Select((_, index) => index == 0 ? "total" : "") : body.By.Select(name => line.Group[name] ?? UsageLabels.Unattributed);
            table.Add([
                .. names, $"{line.Billable}", $"{line.Complete}", line.Share.ToString("P4", CultureInfo.InvariantCulture),
                line.BudgetUsed?.ToString("P0", CultureInfo.InvariantCulture) ?? "no budget", line.Charge.ToString(), line.Unattributed.ToString(),
                string.Join(", ", line.Missing.Select(missing => $"{missing.Requirement} ({missing.Records})"))]);
        }

        await table.WriteAsync(text);
        await text.WriteLineAsync(
            $"{body.Contract} {body.Version}, {body.Asset} of {body.Org ?? "all orgs"}, {body.From} to {body.To} excluded, commit {body.AsOf}. "
            + (body.Total.MeetsObjective ? "The objective" : "Below the objective")
            + $" of {body.Objective.ToString("P2", CultureInfo.InvariantCulture)}{(body.Total.MeetsObjective ? " is met." : ".")}");
        foreach (var burn in body.Burn)
        {
            var rate = burn.Rate is { } times ? $"{times.ToString("0.##", CultureInfo.InvariantCulture)} times as fast as allowed" : "and it has none";
            await text.WriteLineAsync(
                $"Error budget since {burn.From[..16]}Z ({burn.Window}): {burn.Lacking} of {burn.Billable} records incomplete, used {rate}; "
                + $"the alert begins above {burn.RateMax.ToString("0.##", CultureInfo.InvariantCulture)}.{(burn.Burning ? " It burns." : "")}");
        }
    }

    private static async Task WriteRowsAsync(IncompleteListBody body, TextWriter text)
    {
        var table = new TextTable("USAGE", "OCCURRED", "SOURCE", "TEAM", "KEY", "FEATURE", "MODEL", "OPERATION", ">CHARGE", "LACKS", "WRONG FORM");
        foreach (var item in body.Items)
        {
            table.Add(item.UsageId, item.OccurredAt, item.Source, item.Team, item.Key, item.Feature, item.Model, item.OperationId, item.Charge.ToString(),
                string.Join(", ", item.Lacks), string.Join(", ", item.WrongForm));
        }

        await table.WriteAsync(text);
        await text.WriteLineAsync(
            $"{body.Items.Count} of {body.Looked} usage records of {body.Org} break {body.Contract} {body.Version}."
            + (body.NextCursor is null ? "" : $" Look further back with --cursor {body.NextCursor}."));
    }
}
