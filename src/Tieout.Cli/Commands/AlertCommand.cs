using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Cli.Output;
using Tieout.Core.Spike;
using AlertRuleJson = Tieout.Server.Spike.Rules.AlertRuleJson;

namespace Tieout.Cli.Commands;

/// <summary><c>alerts rules set|list|remove</c></summary>
internal static class AlertCommand
{
    private static readonly AlertRuleJson Json = new(
        new JsonSerializerOptions(AlertRuleJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    public static Command Build(Globals globals) => new("alerts", "Manage alerts on figures of an org.")
    {
        new Command("rules", "Set, list and remove alert rules. A rule sends one message when an episode begins and one when it ends.") { Set(globals), List(globals), Remove(globals) },
    };

    private static Command Set(Globals globals)
    {
        var id = new Argument<string>("ID") { Description = "Chosen by you. The same id again is a new version." };
        var (org, options) = (Org(), new AlertRuleOptions());
        var command = new Command("set", "Set an alert rule. The server judges it once a minute.") { id, org };
        options.AddTo(command);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Put, ApiClient.Path(["orgs", call.Get(org), "alert-rules", call.Get(id)]), options.Body(call), Json.SetAlertRuleBody,
                Json.AlertRuleBody, cancellationToken);
            await call.AnswerAsync(answer, Json.AlertRuleBody, (set, text) => text.WriteLineAsync(
                $"{set.Id} (version {set.Version}): {set.Text}. Remove it with: tieout alerts rules remove {set.Id} --org {set.Org}"));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals)
    {
        var org = Org();
        return globals.Calling(new("list", "List the alert rules of an org, and since when their alerts are open.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "alert-rules"]), Json.AlertRuleListBody, cancellationToken);
            await call.AnswerAsync(answer, Json.AlertRuleListBody, (list, text) =>
            {
                var table = new TextTable("RULE", "KIND", "ALERT WHEN", "OPEN SINCE", "OWNER", ">VERSION", "SET BY", "SET AT", "REASON");
                foreach (var rule in list.Items)
                {
                    table.Add(rule.Id, AlertRuleFlaws.Text(rule.Kind), rule.Text, rule.RaisedSince ?? "not open", rule.Owner, $"{rule.Version}", rule.SetBy,
                        $"{rule.SetAt:u}", rule.Reason);
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    private static Command Remove(Globals globals)
    {
        var id = new Argument<string>("ID");
        var org = Org();
        return globals.Calling(new("remove", "Remove an alert rule. An alert that is open ends.") { id, org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.DeleteAsync(
                ApiClient.Path(["orgs", call.Get(org), "alert-rules", call.Get(id)]), Json.AlertRuleBody, cancellationToken);
            await call.AnswerAsync(answer, Json.AlertRuleBody, (removed, text) => text.WriteLineAsync($"{removed.Id} is removed."));
            return ExitCode.Ok;
        });
    }

    private static Option<string> Org() => new("--org") { Required = true, Description = "The org whose figures are watched.", HelpName = "ORG" };
}
