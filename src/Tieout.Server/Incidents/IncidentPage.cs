using System.Globalization;
using System.Net;
using System.Text;
using Tieout.Server.Reconciliation;

namespace Tieout.Server.Incidents;

/// <summary>An incident as one HTML page that stands alone: no scripts, nothing loaded from anywhere, all text escaped.</summary>
internal static class IncidentPage
{
    private const string Style =
        "body{font:15px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:76rem;margin:3rem auto;padding:0 1.5rem}h1{font-size:1.6rem;margin:0}"
        + "h2{font-size:1.05rem;margin:2.2rem 0 .5rem}h3{font-size:.95rem;margin:1.2rem 0 .3rem}.sub{color:#555;margin:.2rem 0 0}table{border-collapse:collapse;width:100%}"
        + "th,td{padding:.35rem .6rem;text-align:left;border-bottom:1px solid #e2e2e2;vertical-align:top;overflow-wrap:anywhere}th{font-weight:600;color:#555;font-size:.85rem}"
        + "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.none{color:#777}@media print{body{margin:0;max-width:none}}";

    public static string Html(IncidentBody body)
    {
        var incident = body.Incident;
        var page = new StringBuilder(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
        page.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
        page.Append(CultureInfo.InvariantCulture, $"<title>{Text(incident.Id)} {Text(incident.Title)}</title><style>{Style}</style></head>\n<body>\n");
        page.Append(CultureInfo.InvariantCulture, $"<h1>{Text(incident.Id)} · {Text(incident.Title)}</h1>\n");
        page.Append(CultureInfo.InvariantCulture,
            $"<p class=\"sub\">{Text(incident.Status)}; scope: {Text(incident.Scope.ToString())}; from {Text(incident.From)}; opened {Text(incident.OpenedAt)} by {Text(incident.OpenedBy)}</p>\n");
        if (incident.ClosedAt is not null)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<p class=\"sub\">Closed {Text(incident.ClosedAt)} by {Text(incident.ClosedBy)}. Cause: {Text(incident.Cause)}. Follow-up by {Text(incident.Layer)}: {Text(incident.FollowUp)}</p>\n");
        }

        if (body.Spike is { } spike)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<p class=\"sub\">Cost spike since {Text(spike.Onset)}: {spike.Actual} in place of {spike.Expected}. {Text(spike.Sentence)} Follow-up on {Text(spike.FollowUpOn)}.</p>\n");
        }

        Table(page, "Impact, from postings", ["Tenant", "Project", "App instance", ">Attempts", ">Charged", ">Corrected", ">Net", "Asset"],
            body.Impact.Select(line => new[]
        {
            line.Org, line.Project, line.AppInstance, line.Attempts.ToString(
                CultureInfo.InvariantCulture), line.Charged.ToString(), line.Corrected.ToString(), line.Net.ToString(), line.Asset,
        }));
        Table(page, "Timeline", ["Time", "What", "By", "", "Correlation id", "Trace id"],
            body.Timeline.Select(line => new[] { line.At, line.Kind, line.By, line.What, line.CorrelationId, line.TraceId }));
        foreach (var evidence in body.Evidence) Append(page, evidence);
        page.Append(CultureInfo.InvariantCulture,
            $"<p class=\"sub\">Read from the ledger at commit {body.AsOf}. The files beside this page have every field.</p>\n</body></html>\n");
        return page.ToString();
    }

    private static void Append(StringBuilder page, Evidence evidence)
    {
        page.Append(CultureInfo.InvariantCulture,
            $"<h2>Evidence {Text(evidence.Phase)}: {Text(evidence.Finding ?? "captured by hand")}</h2>\n<p class=\"sub\">{Text(evidence.Id)}, {Text(evidence.At)} by {Text(evidence.By)}</p>\n");
        Table(page, null, ["Usage record", "Operation", "Source", "Model", "App instance", "Component", ">Charge", "Recorded"],
            evidence.UsageRecords.Select(usage => new[]
        {
            usage.UsageId, usage.OperationId, usage.UsageSource, usage.Model, usage.AppInstanceId, usage.RuntimeComponent, usage.Charge.ToString(),
            usage.RecordedAt,
        }));
        Table(page, null, [">Posting", "Kind", "Side", ">Account", ">Amount", "Reason", "Counts at", ">Commit"], evidence.LedgerEntries.Select(entry => new[]
        {
            entry.PostingId.ToString(CultureInfo.InvariantCulture), entry.Kind, entry.Direction, entry.AccountNo.ToString(
                CultureInfo.InvariantCulture), entry.Amount, entry.Reason, entry.EffectiveAt,
            entry.Commit.ToString(CultureInfo.InvariantCulture),
        }));
    }

    private static void Table(StringBuilder page, string? title, string[] columns, IEnumerable<string?[]> rows)
    {
        if (title is not null) page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(title)}</h2>\n");
        page.Append("<table><thead><tr>");
        foreach (var column in columns) page.Append(CultureInfo.InvariantCulture, $"<th{Class(column)}>{Text(column.TrimStart('>'))}</th>");
        page.Append("</tr></thead><tbody>\n");
        var any = false;
        foreach (var row in rows)
        {
            any = true;
            page.Append("<tr>");
            for (var i = 0; i < row.Length; i++)
            {
                page.Append(
                    CultureInfo.InvariantCulture, $"<td{Class(columns[i])}>{(row[i] is null ? "<span class=\"none\">none</span>" : Text(row[i]))}</td>");
            }

            page.Append("</tr>\n");
        }

        if (!any) page.Append(CultureInfo.InvariantCulture, $"<tr><td colspan=\"{columns.Length}\" class=\"none\">Nothing.</td></tr>\n");
        page.Append("</tbody></table>\n");
    }

    private static string Class(string column) => column.StartsWith('>') ? " class=\"n\"" : "";

    private static string Text(string? text) => WebUtility.HtmlEncode(text ?? "");
}
