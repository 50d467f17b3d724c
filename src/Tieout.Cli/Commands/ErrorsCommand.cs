using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>errors by-source</c>: where attempts fail.</summary>
internal static class ErrorsCommand
{
    public static Command Build(Globals globals)
    {
        var source = new Argument<string?>(
            "SOURCE")
        { Description = "gateway, allocation, app_runtime, tool_call, import or shared_cost. Default: all.", Arity = ArgumentArity.ZeroOrOne };
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var hours = new Option<int>("--hours") { Description = "The number of hours up to now.", DefaultValueFactory = _ => 24 };
        var bySource = globals.Calling(new("by-source",
            "Count failed attempts by source, provider, model and status, with their share.") { source, org, hours }, async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "errors", "by-source"] : ["errors", "by-source"];
            var answer = await api.GetAsync(
                ApiClient.Path(path, ("source", call.Get(source)), ("hours", call.Get(hours).ToString(CultureInfo.InvariantCulture))),
                ApiClient.Json.FailureListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.FailureListBody, async (list, text) =>
            {
                var table = new TextTable("SOURCE", "PROVIDER", "MODEL", ">STATUS", ">FAILURES", ">ATTEMPTS", ">SHARE", "LAST SEEN");
                foreach (var item in list.Items)
                {
                    table.Add(item.Source, item.Provider, item.Model, item.Status == 0 ? "no answer" : $"{item.Status}", $"{item.Failures}", $"{item.Attempts}",
                        $"{item.SharePct} %", item.LastSeen[..19] + "Z");
                }

                await table.WriteAsync(text);
                await text.WriteLineAsync(
                    $"{list.Failures} of {list.Attempts} attempts failed since {list.From[..19]}Z. Requests that the gateway refused are not counted: they reached no provider.");
            });
            return ExitCode.Ok;
        });
        return new("errors", "Show failed attempts.") { bySource };
    }
}
