using System.CommandLine;
using System.Text.Json;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>findings</c>: ends with 1 when any is open.</summary>
internal static class FindingsCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var code = new Option<string?>("--code") { Description = "List only findings with this code, such as ledger_mismatch.", HelpName = "CODE" };
        var open = new Option<bool>("--open") { Description = "List only open findings." };
        var limit = new Option<int>("--limit") { Description = "The number of rows, newest first.", DefaultValueFactory = _ => 100 };
        return globals.Calling(new("findings", "List findings: differences and conditions that a person should look at.") { org, code, open, limit },
            async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "findings"] : ["findings"];
            var answer = await api.GetAsync(ApiClient.Path(path, ("limit", $"{call.Get(limit)}"), ("code", call.Get(code)),
                ("open", call.Get(open) ? "true" : null)), ApiClient.Json.FindingListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.FindingListBody, (list, text) =>
            {
                var table = new TextTable("FINDING", "SEVERITY", "STATE", "ORG", "RECORDED", "DETAIL");
                foreach (var finding in list.Items)
                {
                    table.Add(finding.Id, finding.Severity, finding.State, finding.Org, finding.RecordedAt[..19], Words(finding.Detail));
                }

                return table.WriteAsync(text);
            });
            return answer.Items.All(finding => finding.State != "open") ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    /// <summary>What a run found says its cause; what the ledger opened by itself is its members.</summary>
    private static string Words(JsonElement detail) =>
        detail.ValueKind is JsonValueKind.Object && detail.TryGetProperty("finding", out var finding) && finding.TryGetProperty("cause", out var cause)
            ? cause.GetString()!
            : detail.GetRawText();
}
