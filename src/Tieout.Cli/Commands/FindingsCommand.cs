using System.CommandLine;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>findings</c>: ends with 1 when there are any.</summary>
internal static class FindingsCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var limit = new Option<int>("--limit") { Description = "The newest so many.", DefaultValueFactory = _ => 100 };
        return globals.Calling(new("findings", "What someone should look at.") { org, limit }, async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "findings"] : ["findings"];
            var answer = await api.GetAsync(ApiClient.Path(path, ("limit", $"{call.Get(limit)}")), ApiClient.Json.FindingListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.FindingListBody, (list, text) =>
            {
                var table = new TextTable(">NO", "FINDING", "SEVERITY", "ORG", "RECORDED", "DETAIL");
                foreach (var finding in list.Items) table.Add($"{finding.Seq}", finding.Code, finding.Severity, finding.Org, finding.RecordedAt[..19], finding.Detail.GetRawText());
                return table.WriteAsync(text);
            });
            return answer.Items.Count == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }
}
