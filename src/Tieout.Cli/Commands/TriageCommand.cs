using System.CommandLine;
using Tieout.Server.Triage;

namespace Tieout.Cli.Commands;

/// <summary><c>triage</c>: ends with 1 when a step failed.</summary>
internal static class TriageCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var from = new Option<string?>("--from") { Description = "A day, or a time with its offset. Default: seven days before --to.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded. Default: now.", HelpName = "TIME" };
        var all = new Option<bool>("--all") { Description = "Go on after a step that failed." };
        var html = new Option<bool>("--html") { Description = "Print one HTML page, for a review." };
        var command = new Command(
            "triage", "Find what breaks a tenant's attribution first: the guard (P1), the identity of operations (P2), or the join of the books (P3).")
        {
            org, from, to, all, html,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(
                ["triage"], ("org", call.Get(org)), ("from", call.Get(from)), ("to", call.Get(to)), ("all", call.Get(all) ? "true" : null));
            var answer = await api.GetAsync(path, TriageJson.Default.TriageBody, cancellationToken);
            await call.AnswerAsync(answer, TriageJson.Default.TriageBody, call.Get(html) ? TriageHtml.WriteAsync : WriteAsync);
            return answer.FirstBreak is null ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task WriteAsync(TriageBody triage, TextWriter text)
    {
        foreach (var step in triage.Steps)
        {
            await text.WriteLineAsync($"{step.Id}  {TriageHtml.Word(step.Verdict)}  {step.Title}");
            foreach (var reason in step.Reasons) await text.WriteLineAsync($"    {reason}");
            if (step.Fix is not null) await text.WriteLineAsync($"    First: {step.Fix}{(step.Owner is null ? "" : $" Owner: {step.Owner}.")}");
            if (step.Evidence is { } evidence) await WriteAsync(evidence, text);
        }

        await text.WriteLineAsync(
            $"\n{TriageHtml.Word(triage.Verdict)}{(triage.FirstBreak is { } broken ? $": {broken} is broken first" : "")}; {triage.Org ?? "all orgs"} from {triage.From} to before {triage.To}, commit {triage.AsOf}.");
    }

    private static async Task WriteAsync(TriageEvidenceBody evidence, TextWriter text)
    {
        foreach (var line in TriageHtml.Lines(evidence)) await text.WriteLineAsync($"    - {line}");
        foreach (var query in evidence.Queries) await text.WriteLineAsync($"    $ {query}");
    }
}
