using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;
using static Tieout.Cli.Commands.Arguments;

namespace Tieout.Cli.Commands;

/// <summary><c>org create|list|show</c></summary>
internal static class OrgCommands
{
    public static Command Build(Globals globals) => new("org", "Orgs: who spends.") { Create(globals), List(globals), Show(globals) };

    private static Command Create(Globals globals)
    {
        var org = new Argument<string>("ORG");
        var asset = new Option<string>("--asset") { Description = "The asset of its amounts, such as USD or credits.", DefaultValueFactory = _ => "USD" };
        var prepaid = new Option<bool>("--prepaid") { Description = "Money first: the org spends what it paid in." };
        var postpaid = new Option<bool>("--postpaid") { Description = "Charge first: the org owes its spend." };
        var line = new Option<string?>("--credit-line") { Description = "How far below zero the balance may go.", HelpName = "AMOUNT" };
        var zone = new Option<string?>("--time-zone") { Description = "IANA zone of its days and months. Default: UTC.", HelpName = "ZONE" };
        var reason = MoneyCommands.Reason();
        var command = new Command("create", "Open an org.") { org, asset, prepaid, postpaid, line, zone, reason };
        command.ExactlyOne(prepaid, postpaid);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var billing = call.Get(prepaid) ? BillingMode.Prepaid : BillingMode.Postpaid;
            var body = new NewOrgBody(call.Get(org), call.Get(asset), billing, AmountOrNull(call.Get(line)), call.Get(zone), call.Get(reason));
            var made = await api.SendAsync(HttpMethod.Post, "orgs", body, ApiClient.Json.NewOrgBody, ApiClient.Json.OrgBody, cancellationToken);
            await call.AnswerAsync(made, ApiClient.Json.OrgBody, (answer, text) => text.WriteLineAsync($"Org {answer.Id}: {Described(answer)}."));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals) => globals.Calling(new("list", "List all orgs."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("orgs", ApiClient.Json.OrgListBody, cancellationToken);
        await call.AnswerAsync(answer, ApiClient.Json.OrgListBody, (list, text) =>
        {
            var table = new TextTable("ORG", "ASSET", "BILLING", ">CREDIT LINE", "TIME ZONE", "CLOSED THROUGH");
            foreach (var org in list.Items) table.Add(org.Id, org.Asset, Billing(org), org.CreditLine?.ToString(), org.TimeZone, org.ClosedThrough);
            return table.WriteAsync(text);
        });
        return ExitCode.Ok;
    });

    private static Command Show(Globals globals)
    {
        var org = new Argument<string>("ORG");
        return globals.Calling(new("show", "Show one org with its budgets.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org)]), ApiClient.Json.OrgBody, cancellationToken);
            if (call.Json)
            {
                await call.AnswerAsync(answer, ApiClient.Json.OrgBody, (_, _) => Task.CompletedTask);
                return ExitCode.Ok;
            }

            var budgets = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "budgets"]), ApiClient.Json.BudgetListBody, cancellationToken);
            await call.Shell.Out.WriteLineAsync($"Org {answer.Id}: {Described(answer)}.");
            await (budgets.Items.Count > 0 ? BudgetCommands.Table(budgets).WriteAsync(call.Shell.Out) : call.Shell.Out.WriteLineAsync("It has no budgets."));
            return ExitCode.Ok;
        });
    }

    private static string Described(OrgBody org) =>
        $"{org.Asset}, {Billing(org)}{(org.CreditLine is { } line ? $", credit line {line}" : "")}, {org.TimeZone}{(org.ClosedThrough is { } month ? $", closed through {month}" : "")}{Frozen(org.Freeze)}";

    private static string Frozen(OrgFreezeBody? freeze) =>
        freeze is null ? "" : $", frozen since {freeze.Since} by {freeze.By ?? "a reconciliation"} ({freeze.Reason})";

    private static string Billing(OrgBody org) => org.Billing == BillingMode.Prepaid ? "prepaid" : "postpaid";
}
