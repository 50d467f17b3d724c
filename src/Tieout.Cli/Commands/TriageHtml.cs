using System.Globalization;
using System.Net;
using Tieout.Server.Triage;

namespace Tieout.Cli.Commands;

/// <summary>A triage as one page without scripts, and the lines of its evidence.</summary>
internal static class TriageHtml
{
    private const int LinesMax = 20;

    private const string Style =
        "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}.fail{color:#b00020}.pass{color:#1b6e3c}code{background:#eee}";

    public static string Word(string verdict) => verdict.Replace('_', ' ').ToUpperInvariant();

    public static async Task WriteAsync(TriageBody triage, TextWriter text)
    {
        await text.WriteLineAsync(
            $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Triage of {Safe(triage.Org ?? "all orgs")}</title><style>{Style}</style>");
        await text.WriteLineAsync(
            $"<h1 class=\"{Safe(triage.Verdict)}\">{Word(triage.Verdict)}: {Safe(triage.Org ?? "all orgs")}</h1><p>From {Safe(triage.From)} to before {Safe(triage.To)}, commit {triage.AsOf}.</p>");
        foreach (var step in triage.Steps)
        {
            await text.WriteLineAsync($"<h2 class=\"{Safe(step.Verdict)}\">{step.Id} {Safe(step.Title)}: {Word(step.Verdict)}</h2><ul>");
            foreach (var reason in step.Reasons) await text.WriteLineAsync($"<li>{Safe(reason)}</li>");
            await text.WriteLineAsync("</ul>");
            if (step.Fix is not null) await text.WriteLineAsync($"<p><b>First:</b> {Safe(step.Fix)} <b>Owner:</b> {Safe(step.Owner ?? "nobody")}</p>");
            if (step.Evidence is not { } evidence) continue;
            await text.WriteLineAsync("<h3>Evidence</h3><ul>");
            foreach (var line in Lines(evidence)) await text.WriteLineAsync($"<li>{Safe(line)}</li>");
            foreach (var query in evidence.Queries) await text.WriteLineAsync($"<li><code>{Safe(query)}</code></li>");
            await text.WriteLineAsync("</ul>");
        }

        await text.WriteLineAsync("</html>");
    }

    /// <summary>The evidence of a step, one line for each fact; the JSON has all of it.</summary>
    public static IEnumerable<string> Lines(TriageEvidenceBody evidence)
    {
        var lines = (evidence.Policies ?? []).Select(policy =>
                $"policy {policy.Name} version {policy.Version}: {policy.Actions} {policy.Mode.ToString().ToLowerInvariant()}, {(policy.Irreversible ? "irreversible" : "can be undone")}, by {policy.SetBy} at {policy.SetAt:u}: {policy.Reason}")
            .Concat((evidence.Hits?.Items ?? []).Select(day =>
                $"{day.Day} {day.Policy}: asked {day.Asked}, shadow hits {day.ShadowHits}, blocked {day.Blocked}, overridden {day.Overridden}, hit rate {day.HitRate.ToString("P2", CultureInfo.InvariantCulture)}"))
            .Concat((evidence.Overrides ?? []).Select(item =>
                $"override {item.Id} {item.State}: {item.Actions} on {item.Resource ?? "any resource"} of {item.Org ?? "any org"}, by {item.By}, {item.From:u} to {item.EndedAt ?? item.Until:u}: {item.Reason}"))
            .Concat((evidence.Lineage?.Findings ?? []).Select(finding =>
                $"{finding.Id} {finding.Severity}: left {finding.Left?.ToString() ?? "none"}, right {finding.Right?.ToString() ?? "none"}; {finding.Cause}"))
            .Concat((evidence.Lineage?.Sample?.Steps ?? []).Select(step =>
                $"sample {evidence.Lineage!.Sample!.OperationId} step {step.No}: {step.Kind} {step.AttemptNo} by {step.Executor} to {step.Target}, envelope {step.IssuanceId} SHA-256 {step.EnvelopeSha256}"))
            .Concat((evidence.Contracts ?? []).Select(contract =>
                $"contract {contract.Name} {contract.Version}: {contract.Share.ToString("P4", CultureInfo.InvariantCulture)} of {contract.Billable} complete, objective {contract.Objective.ToString("P2", CultureInfo.InvariantCulture)}, unattributed {contract.Unattributed}"))
            .ToList();
        return lines.Count <= LinesMax ? lines : [.. lines.Take(LinesMax), $"{lines.Count - LinesMax} more: --json has all"];
    }

    private static string Safe(string text) => WebUtility.HtmlEncode(text);
}
