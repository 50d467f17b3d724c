using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Metering;
using Tieout.Server.Metering;

namespace Tieout.Cli.Commands;

/// <summary><c>distributions --by feature,model</c>: how many tokens attempts use, and how many end users make them.</summary>
internal static class DistributionsCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var by = new Option<string?>("--by")
        {
            Description = $"Group by up to {DistributionGrouping.DimensionsMax} of {DistributionGrouping.AllNames}. Default: feature,model.",
            HelpName = "feature,model",
        };
        var from = new Option<string?>("--from")
        {
            Description = "A day, or a time with its offset. A day begins in the org's time zone; over all orgs in UTC. Default: 24 hours ago.",
            HelpName = "TIME",
        };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded. Default: the end of the current hour.", HelpName = "TIME" };
        var command = new Command("distributions",
            "Show how many tokens an attempt uses (p5, p50, p95, p99), and how many end users there are, by the dimensions of your choice.")
        {
            org, by, from, to,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "usage", "distributions"] : ["usage", "distributions"];
            var answer = await api.GetAsync(
                ApiClient.Path(path, ("by", call.Get(by)), ("from", call.Get(from)), ("to", call.Get(to))), ApiClient.Json.DistributionListBody,
                cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.DistributionListBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static async Task WriteAsync(DistributionListBody list, TextWriter text)
    {
        var table = new TextTable([
            .. list.By.Select(name => name.Replace('_', ' ').ToUpperInvariant()), ">ATTEMPTS", ">IN P5", ">P50", ">P95", ">P99", ">OUT P5", ">P50", ">P95",
            ">P99", ">USERS"]);
        foreach (var line in list.Items) table.Add([.. list.By.Select(name => line.Group[name] ?? UsageLabels.Unattributed), .. Figures(line)]);
        table.Add(["total", .. list.By.Skip(1).Select(_ => ""), .. Figures(list.Total)]);
        await table.WriteAsync(text);
        await text.WriteLineAsync(
            $"{list.Org ?? "all orgs"}, {Short(list.From)} to {Short(list.To)} excluded, commit {list.AsOf}. {list.Total.Measured} of {list.Total.Attempts} attempts used tokens.");
        await text.WriteLineAsync(
            $"Tokens: exact below 128, else within {list.TokensErrorPct} %. Users with a ~ are an estimate, standard error {list.EndUsersErrorPct} %.");
    }

    private static IEnumerable<string> Figures(DistributionBody line) =>
        [$"{line.Attempts}", .. Figures(line.InputTokens), .. Figures(line.OutputTokens), $"{(line.EndUsersExact ? "" : "~")}{line.EndUsers}"];

    private static IEnumerable<string> Figures(TokenQuantilesBody? tokens) =>
        tokens is null ? ["-", "-", "-", "-"] : [$"{tokens.P5}", $"{tokens.P50}", $"{tokens.P95}", $"{tokens.P99}"];

    private static string Short(string time) => time.Length > 19 ? time[..19] + "Z" : time;
}
