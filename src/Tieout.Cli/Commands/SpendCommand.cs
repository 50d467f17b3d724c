using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core.Invoicing;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Invoicing;

namespace Tieout.Cli.Commands;

/// <summary><c>spend --by team,model</c>: what was spent, and on what.</summary>
internal static class SpendCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var asset = new Option<string?>("--asset") { Description = "The asset, where all orgs are shown and they use several." };
        var by = new Option<string?>("--by")
        {
            Description = $"Group by up to {SpendGrouping.DimensionsMax} of {SpendGrouping.AllNames}; tag:NAME for a tag of requests. Default: model.",
            HelpName = "team,model"
        };
        var from = new Option<string?>("--from")
        {
            Description = "A day, or a time with its offset. A day begins in the org's time zone. Default: the start of the current month.",
            HelpName = "TIME"
        };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded. Default: the end of the current month.", HelpName = "TIME" };
        var top = new Option<int?>("--top")
        {
            Description = $"Show the groups with the largest charge, and the rest as one line. 1 to {SpendReport.LinesMax}. Default: every group.",
            HelpName = "N"
        };
        var format = new Option<string?>("--format") { Description = "table, json or csv. Default: table." };
        format.AcceptOnlyFromAmong("table", "json", "csv");
        var command = new Command("spend", "Show what was charged, by the dimensions of your choice. The lines sum to the ledger exactly, corrections included.")
        {
            org, asset, by, from, to, top, format,
        };
        var filters = UsageFilters.Options();
        foreach (var filter in filters) command.Add(filter);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var form = call.Get(format) ?? (call.Json ? "json" : "table");
            var path = ApiClient.Path(
                call.Get(org) is { } named ? ["orgs", named, "spend"] : ["spend"], [("asset", call.Get(org) is null ? call.Get(asset) : null),
                ("by", call.Get(by)), ("from", call.Get(from)), ("to", call.Get(to)), ("top", call.Get(top)?.ToString(CultureInfo.InvariantCulture)),
                ("format", form == "csv" ? form : null), .. UsageFilters.Given(call, filters)]);
            if (form == "csv")
            {
                await call.CopyAsync(api, path, cancellationToken);
                return ExitCode.Ok;
            }

            var answer = await api.GetAsync(path, ApiClient.Json.SpendBody, cancellationToken);
            if (form == "json") await call.Shell.Out.WriteLineAsync(JsonOutput.Text(answer, ApiClient.Json.SpendBody));
            else await WriteAsync(answer, call.Shell.Out);
            return ExitCode.Ok;
        });
    }

    private static async Task WriteAsync(SpendBody spend, TextWriter text)
    {
        var showsCost = spend.Total.ProviderCost is not null;
        string[] costColumn = showsCost ? [">PROVIDER COST"] : [];
        var table = new TextTable([
            .. spend.By.Select(name => name.Replace('_', ' ').ToUpperInvariant()), ">ATTEMPTS", ">FAILED", ">TOKENS IN", ">TOKENS OUT", .. costColumn,
            ">CORRECTIONS", ">CHARGE"]);
        foreach (var line in spend.Items.Append(spend.Total))
        {
            string[] cost = showsCost ? [$"{line.ProviderCost}"] : [];
            table.Add([.. Names(spend, line), $"{line.Attempts}", $"{line.Failures}", $"{line.InputTokens}", $"{line.OutputTokens}", .. cost,
                line.Corrections.ToString(), line.Charge.ToString()]);
        }

        await table.WriteAsync(text);
        await text.WriteLineAsync(
            $"{spend.Asset} of {spend.Org ?? "all orgs"}, {Short(spend.From)} to {Short(spend.To)} excluded, days of {spend.TimeZone ?? "each org's zone"}, commit {spend.AsOf}");
        if (spend.Unattributed != Amount.Zero)
        {
            await text.WriteLineAsync($"{spend.Unattributed} {spend.Asset} of it is unattributed: it has no {string.Join(" or no ", spend.By)}.");
        }

        if (spend.Other == Amount.Zero) return;
        await text.WriteLineAsync($"{spend.Other} {spend.Asset} of it has no name of its own: beyond --top, or beyond the org's limits of labels and users.");
    }

    private static IEnumerable<string?> Names(SpendBody spend, SpendLineBody line) => line.Kind switch
    {
        "group" or "unattributed" => spend.By.Select(name => line.Group[name] ?? UsageLabels.Unattributed),
        "other" => [Other(line.Groups), .. spend.By.Skip(1).Select(_ => "")],
        _ => ["total", .. spend.By.Skip(1).Select(_ => "")],
    };

    private static string Other(int groups) => groups == 1 ? "other (1 group)" : $"other ({groups} groups)";

    private static string Short(string time) => time.Length > 19 ? time[..19] + "Z" : time;
}
