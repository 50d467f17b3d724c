using System.CommandLine;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>quarantine list</c>: ends with 1 when there is any.</summary>
internal static class QuarantineCommand
{
    public static Command Build(Globals globals) => new("quarantine", "Show commands that a fault of the ledger stopped.") { List(globals) };

    private static Command List(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var limit = new Option<int>("--limit") { Description = "The number of rows, newest first.", DefaultValueFactory = _ => 100 };
        return globals.Calling(new("list", "List commands in quarantine, the newest first. --json shows each command whole.") { org, limit },
            async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(
                ApiClient.Path(["quarantine"], ("org", call.Get(org)), ("limit", $"{call.Get(limit)}")), ApiClient.Json.QuarantineListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.QuarantineListBody, (list, text) =>
            {
                var table = new TextTable("QUARANTINE", "RECORDED AT", "ORG", "COMMAND", "USAGE", ">NOT CHARGED", "REASON");
                foreach (var item in list.Items)
                {
                    table.Add(item.Id, item.RecordedAt[..19], item.Org, item.Kind, item.UsageId ?? "", item.NotCharged ?? "", item.Reason ?? "");
                }

                return table.WriteAsync(text);
            });
            return answer.Total == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }
}
