using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Incidents;

/// <summary>An incident as a zip: JSON and CSV for programs, one page for people.</summary>
internal static class IncidentExport
{
    /// <summary>For files that people read.</summary>
    private static readonly IncidentJson Readable = new(new JsonSerializerOptions(IncidentJson.Default.Options) { WriteIndented = true });

    public static byte[] Zip(IncidentBody body, DateTimeOffset at)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("index.html", IncidentPage.Html(body));
            Add("incident.json", JsonSerializer.Serialize(body, Readable.IncidentBody));
            Add("timeline.csv",
                CsvExport.Text(["at", "kind", "by", "what", "correlation_id", "trace_id"],
                    body.Timeline.Select(line => new[] { line.At, line.Kind, line.By, line.What, line.CorrelationId, line.TraceId })));
            Add("impact.csv",
                CsvExport.Text(["org", "project", "app_instance", "attempts", "charged", "corrected", "net", "asset"], body.Impact.Select(line => new[]
            {
                line.Org, line.Project, line.AppInstance, $"{line.Attempts}", line.Charged.ToString(), line.Corrected.ToString(), line.Net.ToString(),
                line.Asset,
            })));
            foreach (var (place, evidence) in body.Evidence.Index())
            {
                var folder = $"evidence/{place + 1:000}-{evidence.Phase}";
                Add($"{folder}/evidence.json", JsonSerializer.Serialize(evidence, Readable.Evidence));
                Add($"{folder}/usage_records.csv", CsvExport.Text(
                    UsageColumns.NamesFor(Viewer.Platform), evidence.UsageRecords.Select(usage => usage.Cells())));
                Add($"{folder}/ledger_entries.csv", CsvExport.Text(
                    ["posting_id", "direction", "org_id", "account_no", "kind", "amount", "usage_id", "command_id", "reverses", "reason", "effective_at",
                        "recorded_at", "commit"],
                    evidence.LedgerEntries.Select(entry => new[]
                    {
                        $"{entry.PostingId}", entry.Direction, entry.OrgId, $"{entry.AccountNo}", entry.Kind, entry.Amount, entry.UsageId, entry.CommandId,
                        entry.Reverses is { } reverses ? $"{reverses}" : null,
                        entry.Reason, entry.EffectiveAt, entry.RecordedAt, $"{entry.Commit}",
                    })));
            }

            void Add(string name, string text)
            {
                var entry = zip.CreateEntry(name);
                entry.LastWriteTime = at;
                using var stream = entry.Open();
                stream.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return bytes.ToArray();
    }
}
