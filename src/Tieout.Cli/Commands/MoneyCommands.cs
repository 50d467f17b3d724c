using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Ledger;

namespace Tieout.Cli.Commands;

/// <summary><c>topup</c>, <c>grant</c> and <c>balance</c></summary>
internal static class MoneyCommands
{
    public static Command TopUp(Globals globals)
    {
        var (org, amount, id, reason) = (new Argument<string>("ORG"), new Argument<string>("AMOUNT"), Id(), Reason());
        return globals.Calling(new("topup", "Add bought credit, or a payment.") { org, amount, id, reason }, (call, api, cancellationToken) => PostAsync(
            call, api, call.Get(org), "topups", new TopUpBody(Arguments.ParseAmount(call.Get(amount)), call.Get(id), call.Get(reason)),
            ApiClient.Json.TopUpBody, cancellationToken));
    }

    public static Command Grant(Globals globals)
    {
        var (org, amount, id, reason) = (new Argument<string>("ORG"), new Argument<string>("AMOUNT"), Id(), Reason());
        var priority = new Option<int>("--priority") { Description = "Credit with a lower number is used first." };
        var expires = new Option<string?>("--expires") { Description = "A day, or a time with its offset. Default: never.", HelpName = "TIME" };
        return globals.Calling(new("grant", "Add free credit. It is used before bought credit.") { org, amount, id, priority, expires, reason },
            (call, api, cancellationToken) => PostAsync(
            call, api, call.Get(org), "grants",
            new GrantBody(Arguments.ParseAmount(call.Get(amount)), call.Get(id), call.Get(priority), call.Get(expires), call.Get(reason)),
            ApiClient.Json.GrantBody, cancellationToken));
    }

    public static Command Balance(Globals globals)
    {
        var org = new Argument<string>("ORG");
        return globals.Calling(new("balance", "Show an org's balance: posted, held, available.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "balance"]), ApiClient.Json.BalanceBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.BalanceBody, async (balance, text) =>
            {
                await text.WriteLineAsync(
                    $"posted     {balance.Posted} {balance.Asset}\nheld       {balance.Held}\navailable  {balance.Available?.ToString() ?? "without limit"}");
                if (balance.Grants.Count == 0) return;
                var table = new TextTable("GRANT", ">GRANTED", ">LEFT", ">PRIORITY", "EXPIRES");
                foreach (var lot in balance.Grants) table.Add(lot.Id, lot.Granted.ToString(), lot.Left.ToString(), $"{lot.Priority}", lot.ExpiresAt ?? "never");
                await table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    public static Option<string?> Reason() =>
        new("--reason") { Description = "Why. Required above the approval limit (approvals: in tieout.yaml), where a second person must approve." };

    private static Option<string> Id() => new("--id") { Required = true, Description = "The id of the command. The same id counts once, for ever." };

    private static async Task<int> PostAsync<T>(
        Invocation call, ApiClient api, string org, string path, T body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
    {
        var answer = await api.SendAsync(HttpMethod.Post, ApiClient.Path(["orgs", org, path]), body, type, ApiClient.Json.MoneyBody, cancellationToken);
        await call.AnswerAsync(answer, ApiClient.Json.MoneyBody, (made, text) => text.WriteLineAsync(Sentence(made)));
        return ExitCode.Ok;
    }

    public static string Sentence(MoneyBody made) =>
        $"{(made.Replayed ? "Stood already" : "Done")}: posting {made.Posting}. Balance {made.Posted} {made.Asset}, {made.Held} held, {made.Available?.ToString() ?? "no limit to what is"} available.";
}
