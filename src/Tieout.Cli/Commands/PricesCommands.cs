using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Pricing;

namespace Tieout.Cli.Commands;

/// <summary><c>prices list|show|import|policy</c></summary>
internal static class PricesCommands
{
    public static Command Build(Globals globals) =>
        new("prices", "Manage price lists and price policies.") { List(globals), Show(globals), Import(globals), Policy(globals) };

    private static Command List(Globals globals) =>
        globals.Calling(new("list", "List the price lists, in the order of their precedence."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("prices", ApiClient.Json.PriceListsBody, cancellationToken);
        await call.AnswerAsync(answer, ApiClient.Json.PriceListsBody, (lists, text) =>
        {
            var table = new TextTable("LIST", "EFFECTIVE", "ASSET", ">PROVIDERS", ">MODELS");
            foreach (var list in lists.Items) table.Add(list.Id, list.Effective ?? "always", list.Asset, $"{list.Providers}", $"{list.Models}");
            return table.WriteAsync(text);
        });
        return ExitCode.Ok;
    });

    private static Command Show(Globals globals)
    {
        var (provider, model) = (new Argument<string>("PROVIDER"), new Argument<string>("MODEL"));
        var org = new Option<string?>("--org") { Description = "Apply this org's markup and overrides.", HelpName = "ORG" };
        return globals.Calling(new("show", "Show a model's current price.") { provider, model, org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(
                ApiClient.Path(["prices", call.Get(provider), call.Get(model)], ("org", call.Get(org))), ApiClient.Json.PriceBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.PriceBody,
                (price, text) => text.WriteLineAsync($"{price.Provider} {price.Model}, {price.List}, {price.Asset}\n{price.Price.GetRawText()}"));
            return ExitCode.Ok;
        });
    }

    private static Command Import(Globals globals)
    {
        var file = new Argument<string>("FILE");
        var format = new Option<string>("--format") { Required = true, Description = "genai-prices or tieout." };
        format.AcceptOnlyFromAmong("genai-prices", "tieout");
        var effective = new Option<string?>("--effective") { Description = "The first day (UTC) on which it is used.", HelpName = "DATE" };
        var list = new Option<string?>("--list") { Description = "The list's name. Default: the format's." };
        var reason = MoneyCommands.Reason();
        return globals.Calling(
            new("import", "Add a version of a price list.") { file, format, effective, list, reason }, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(
                ["prices"], ("format", call.Get(format)), ("effective", call.Get(effective)), ("list", call.Get(list)), ("reason", call.Get(reason)));
            var answer = await call.SendFileAsync(
                api, path, call.Get(file), "application/octet-stream", ApiClient.Json.PriceListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.PriceListBody,
                (made, text) => text.WriteLineAsync($"{made.Id}: {made.Models} models of {made.Providers} providers, from {made.Effective ?? "always"}."));
            return ExitCode.Ok;
        });
    }

    private static Command Policy(Globals globals)
    {
        var org = new Argument<string>("ORG");
        var markup = new Option<string?>("--markup") { Description = "The factor on the provider's cost, such as 1.2." };
        var unknown = new Option<string?>("--unknown-model") { Description = "refuse, or admit unpriced (and a finding)." };
        unknown.AcceptOnlyFromAmong("refuse", "admit");
        var reason = MoneyCommands.Reason();
        return globals.Calling(new("policy", "Set an org's price policy. Options left out stay as they are.") { org, markup, unknown, reason },
            async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Put, ApiClient.Path(["orgs", call.Get(org), "price-policy"]),
                new PricePolicyBody(call.Get(markup), call.Get(unknown), call.Get(reason)),
                ApiClient.Json.PricePolicyBody, ApiClient.Json.SetPolicyBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.SetPolicyBody, (set, text) => text.WriteLineAsync($"{set.Org}: {set.Policy.GetRawText()}"));
            return ExitCode.Ok;
        });
    }
}
