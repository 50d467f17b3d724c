using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Server.Reconciliation.Lineages;

namespace Tieout.Cli.Commands;

/// <summary><c>lineage audit</c>: ends with 1 when there are findings.</summary>
internal static class LineageCommand
{
    public static Command Build(Globals globals) => new("lineage", "Check whether operations kept the identity that they were issued with.") { Audit(globals) };

    private static Command Audit(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var from = new Option<string?>("--from") { Description = "A day, or a time with its offset. Default: seven days before --to.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded. Default: now.", HelpName = "TIME" };
        var keep = new Option<bool>("--keep") { Description = "Store the findings. Without it, the command changes nothing." };
        var command = new Command("audit", "Count the operations whose attempts and hops carry one envelope; show each that does not, and what it cost whom.")
        {
            org, from, to, keep,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var answer = call.Get(keep)
                ? await api.SendAsync(
                    HttpMethod.Post, "lineage/audit", new LineageAuditRequest(call.Get(org), call.Get(from), call.Get(to)),
                    LineageJson.Default.LineageAuditRequest, LineageJson.Default.LineageAuditBody, cancellationToken)
                : await api.GetAsync(
                    ApiClient.Path(["lineage", "audit"], ("org", call.Get(org)), ("from", call.Get(from)), ("to", call.Get(to))),
                    LineageJson.Default.LineageAuditBody, cancellationToken);
            await call.AnswerAsync(answer, LineageJson.Default.LineageAuditBody, WriteAsync);
            return answer.Findings.Count + answer.More == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task WriteAsync(LineageAuditBody audit, TextWriter text)
    {
        if (audit.Orgs.Count > 0)
        {
            var orgs = new TextTable(
                "ORG", ">OPERATIONS", ">ONE ENVELOPE", ">SHARE", ">ATTEMPTS", ">HOPS", ">BY OTHERS", ">CHARGED", ">BY OTHERS", ">IN DOUBT", "ASSET");
            foreach (var org in audit.Orgs)
            {
                orgs.Add(org.Org, $"{org.Operations}", $"{org.Whole}", Share(org.Share), $"{org.Attempts}", $"{org.Hops}", $"{org.ByOthers}", $"{org.Charged}",
                    $"{org.ChargedByOthers}", $"{org.InDoubt}", org.Asset);
            }

            await orgs.WriteAsync(text);
        }

        foreach (var finding in audit.Findings)
        {
            await text.WriteLineAsync(
                $"\n{finding.Id}  {finding.Severity}  {finding.Scope.Org}  left {finding.Left?.ToString() ?? "none"}  right {finding.Right?.ToString() ?? "none"}\n  {finding.Cause}\n  {finding.Proposed}");
        }

        if (audit.Findings.Count > 0) await text.WriteLineAsync();
        foreach (var note in audit.Notes) await text.WriteLineAsync(note);
        var share = audit.Operations == 0 ? "No operation" : $"{Share(audit.Share)} of {audit.Operations} operations carry one envelope on every step";
        await text.WriteLineAsync($"{share}; {audit.Findings.Count + audit.More} findings from {audit.From} to before {audit.To}, commit {audit.AsOf}.");
    }

    private static string Share(decimal? share) => share?.ToString("P4", CultureInfo.InvariantCulture) ?? "none";
}
