using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Reconciliation;

namespace Tieout.Cli.Commands;

/// <summary><c>costs today</c>, <c>costs reconcile</c>: end with 1 when their figures disagree. <c>costs replay-dlq</c>: with 1 when something still waits or
/// was refused.</summary>
internal static class CostsCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var asset = new Option<string?>("--asset") { Description = "The asset, where all orgs are shown and they use several." };
        var today = new Command("today", "Show today's spend by counter, ledger and usage.") { org, asset };
        globals.Calling(today, async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "costs", "today"] : ["costs", "today"];
            var answer = await api.GetAsync(
                ApiClient.Path(path, ("asset", call.Get(org) is null ? call.Get(asset) : null)), ApiClient.Json.CostsTodayBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.CostsTodayBody, WriteAsync);
            return answer.DriftPct == 0 && answer.Severity == "normal" ? ExitCode.Ok : ExitCode.Findings;
        });
        var replay = globals.Calling(new("replay-dlq",
            "Charge the commands in the spool now. The server does it by itself when the store is back. Nothing counts twice."),
            async (call, api, cancellationToken) =>
        {
            var answer = await api.PostAsync("costs/replay-dlq", null, ApiClient.Json.ReplayBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.ReplayBody, (body, text) => text.WriteLineAsync(
                $"{body.Replayed} charged now, {body.Already} were already, {body.Refused} refused; {body.SpoolDepth} wait, {body.DroppedRecords} dropped"));
            return answer is { Refused: 0, SpoolDepth: 0, DroppedRecords: 0 } ? ExitCode.Ok : ExitCode.Findings;
        });
        return new("costs", "Costs.") { today, Reconcile(globals), replay };
    }

    /// <summary>Org by org, so that a ledger of many orgs shows how far it is and no answer takes too long.</summary>
    private static async Task<CostReconciliationBody> RecomputeAsync(
        Invocation call, ApiClient api, string[] orgs, string? from, string? to, CancellationToken cancellationToken)
    {
        using var progress = ProgressLine.Begin(call.Shell, call.Json, "orgs");
        var all = new CostReconciliationBody([], 0, 0);
        foreach (var org in orgs.Order(StringComparer.Ordinal))
        {
            var one = await api.GetAsync(
                ApiClient.Path(["orgs", org, "costs", "reconciliation"], ("from", from), ("to", to)), ApiClient.Json.CostReconciliationBody, cancellationToken);
            all = new([.. all.Orgs, .. one.Orgs], all.Differing + one.Differing, one.AsOf);
            progress?.Report(new(all.Orgs.Count, orgs.Length));
        }

        return all;
    }

    private static Command Reconcile(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var from = new Option<string?>("--from")
        {
            Description = "A day, or a time with its offset. A day begins in the org's time zone. Default: the start of today.",
            HelpName = "TIME",
        };
        var to = new Option<string?>("--to")
        {
            Description = "The end of the range, excluded. At most 366 days later. Default: the end of today.",
            HelpName = "TIME",
        };
        var command = new Command(
            "reconcile", "Recompute the totals of a range from postings, usage, hourly cells and invoice lines; compare today's with the counter, too.")
        {
            org, from, to,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var orgs = call.Get(org) is { } named
                ? [named] : (await api.GetAsync("orgs", ApiClient.Json.OrgListBody, cancellationToken)).Items.Select(item => item.Id).ToArray();
            var answer = await RecomputeAsync(call, api, orgs, call.Get(from), call.Get(to), cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.CostReconciliationBody, async (body, text) =>
            {
                var table = new TextTable("ORG", "FROM", "TO", "SURFACE", ">TOTAL", "ASSET", ">DIFFERENCE");
                foreach (var costs in body.Orgs)
                {
                    foreach (var surface in costs.Surfaces)
                    {
                        table.Add(costs.Org, costs.From[..16] + "Z", costs.To[..16] + "Z", surface.Surface, surface.Total?.ToString() ?? "none", costs.Asset,
                            surface.Difference.ToString());
                    }
                }

                await table.WriteAsync(text);
                await text.WriteLineAsync(body.Differing == 0 ? $"Every place says the same (commit {body.AsOf})."
                    : $"{body.Differing} differ (commit {body.AsOf}): a defect. Run 'tieout reconcile' and 'tieout verify'.");
            });
            return answer.Differing == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    public static Task WriteAsync(CostsTodayBody costs, TextWriter text) => text.WriteLineAsync(
        $"""
        counter  {costs.CounterDailyTotal} {costs.Asset}  last write {costs.LastCounterWrite ?? "none today"}
        ledger   {costs.LedgerDailyTotal} {costs.Asset}  last write {costs.LastLedgerWrite ?? "none today"}
        usage    {costs.UsageDailyTotal} {costs.Asset}
        drift    {costs.DriftPct} %  ({costs.Severity}; band of external counters: {costs.Band}; {costs.Org ?? "all orgs"}, days of {costs.TimeZone ?? "each org's zone"}, commit {costs.AsOf})
        """);
}
