using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tieout.Core.Ledger;
using Tieout.Core.Triage;
using Tieout.Server.Attribution;
using Tieout.Server.Guard;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Reconciliation.Lineages;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <summary>Makes the review packet of a dispute: from it alone an outsider names the first break. Changes nothing in the ledger, and says no time of its own,
/// so two packets of the same dispute are the same bytes while the ledger has nothing new about it.</summary>
internal sealed class ReviewPacket(
    ILedger ledger, CurrentGuard guard, EnvelopeKeys keys, LineageAudits audits, IEnumerable<IUsageExport> exports, TimeProvider time)
{
    /// <summary>Operations of the workflow in the trace, the disputed ones included.</summary>
    private const int OperationsMax = 100;

    private const int WorkflowRowsMax = 500;

    private static readonly PacketJson Readable = new(new JsonSerializerOptions(PacketJson.Default.Options) { WriteIndented = true });

    /// <param name="orgs">Where the dispute is looked for.</param>
    /// <inheritdoc cref="DisputeSearch.FindAsync"/>
    public async Task<(Dispute Dispute, byte[] Zip)> OfAsync(IReadOnlyList<OrgState> orgs, string id, CancellationToken cancellationToken)
    {
        var dispute = await new DisputeSearch(ledger, time).FindAsync(orgs, id, cancellationToken);
        var own = dispute.Org.Org.Id;
        var others = new OtherTenants(ledger.Read.Orgs.Select(org => org.Org.Id).Where(org => org != own).ToHashSet(StringComparer.Ordinal));
        var (traced, tracedLeftOut) = await TracedAsync(dispute, cancellationToken);
        List<LineageEntry> steps = [.. traced.Where(operation => dispute.Operations.Contains(operation.Id)).SelectMany(operation => operation.Steps)];

        var (policies, p1, p3) = await new PolicySnapshot(ledger, guard).OfAsync(dispute, cancellationToken);
        var (envelopes, p2) = await new EnvelopeEvidence(audits, keys, time).OfAsync(dispute, steps, cancellationToken);

        // Causes of findings may name another tenant; the other reasons are sentences of our own.
        p2 = p2 with { Reasons = [.. p2.Reasons.Select(others.Hidden)], Fix = p2.Fix is { } fix ? others.Hidden(fix) : null };
        var verdict = Verdict(dispute, p1, p2, p3);
        var billing = await new BillingSlice(ledger, exports).OfAsync(dispute, others, cancellationToken);
        var commits = await new ChainProof(ledger.Read).OfAsync(dispute, steps, others, cancellationToken);
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["README.txt"] = Utf8(new PacketPage(dispute, verdict, policies, envelopes, billing, commits, tracedLeftOut, others).Text()),
            ["billing.csv"] = billing.Csv,
            ["dispute.json"] = Json(DisputeFile.Of(dispute), Readable.DisputeBody, others),
            ["envelopes.json"] = Json(envelopes, Readable.EnvelopesBody, others),
            ["policies.json"] = Json(policies, Readable.PolicySnapshotBody, others),
            ["trace.json"] = WorkflowTrace.Json(dispute, traced, others),
            ["verdict.json"] = Utf8(JsonSerializer.Serialize(verdict, Readable.VerdictBody) + "\n"),
            ["chain/HOW-TO-CHECK.txt"] = Utf8(PacketInstructions.Text),
            ["chain/check.py"] = Utf8(PacketInstructions.Script),
        };
        foreach (var commit in commits)
        {
            // Nothing is put in place of a text here: each row was looked at, and its bytes are what is proved.
            var name = string.Create(CultureInfo.InvariantCulture, $"chain/commit-{commit.Commit:D12}.json");
            files[name] = Utf8(JsonSerializer.Serialize(commit, Readable.CommitBody) + "\n");
        }

        return (dispute, PacketZip.Of(files));
    }

    private static VerdictBody Verdict(Dispute dispute, TriageStep p1, TriageStep p2, TriageStep p3)
    {
        var steps = new[] { (p1, "policies.json"), (p2, "envelopes.json, trace.json"), (p3, "policies.json, billing.csv") }
            .Select(step => new VerdictStepBody(
                step.Item1.Id, step.Item1.Title, SnakeCase.Of(step.Item1.Verdict), step.Item1.Reasons, step.Item1.Fix, step.Item1.Owner, step.Item2)).ToList();
        return new(dispute.Id, dispute.Org.Org.Id, steps.Find(step => step.Verdict == SnakeCase.Of(TriageVerdict.Fail))?.Id, steps);
    }

    /// <summary>The disputed operations, and others of their workflows.</summary>
    private async Task<(IReadOnlyList<TracedOperation> Operations, bool LeftOut)> TracedAsync(Dispute dispute, CancellationToken cancellationToken)
    {
        var (org, leftOut) = (dispute.Org.Org.Id, false);
        var ids = new List<string>(dispute.Operations);
        foreach (var workflow in dispute.Workflows)
        {
            var rows = 0;
            var filter = new UsageFilter(org, Core.Instant.UnixEpoch, new(long.MaxValue)).Where("workflow", workflow);
            await foreach (var row in ledger.Read.UsageAsync(filter, cancellationToken))
            {
                if (++rows > WorkflowRowsMax || (ids.Count >= OperationsMax && !ids.Contains(row.Usage.OperationId)))
                {
                    leftOut = true;
                    break;
                }

                if (!ids.Contains(row.Usage.OperationId)) ids.Add(row.Usage.OperationId);
            }
        }

        var traced = new List<TracedOperation>();
        foreach (var id in ids)
        {
            var attempts = await ledger.Read.OperationAsync(org, id, cancellationToken);
            leftOut |= attempts.Count > DisputeSearch.AttemptsMax;
            traced.Add(new(id, [.. attempts.Take(DisputeSearch.AttemptsMax)], await ledger.Read.LineageAsync(org, id, cancellationToken)));
        }

        return (traced, leftOut);
    }

    private static byte[] Json<T>(T body, JsonTypeInfo<T> type, OtherTenants others)
    {
        var node = others.Hidden(JsonSerializer.SerializeToNode(body, type));
        return Utf8(JsonSerializer.Serialize(node, Readable.JsonNode) + "\n");
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
