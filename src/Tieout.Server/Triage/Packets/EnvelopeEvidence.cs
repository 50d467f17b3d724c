using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Triage;
using Tieout.Server.Attribution;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Lineages;
using Tieout.Server.Reconciliation.SelfCheck;

namespace Tieout.Server.Triage.Packets;

/// <summary>The envelopes of the disputed operations and every step that they took (P2). Nothing here can be presented as an envelope.</summary>
internal sealed class EnvelopeEvidence(LineageAudits audits, EnvelopeKeys keys, TimeProvider time)
{
    /// <summary>Ranges of time that are audited; a line of an invoice may have more.</summary>
    private const int RangesMax = 25;

    private static readonly TimeSpan Around = TimeSpan.FromMinutes(1);

    /// <param name="steps">The steps of the disputed operations.</param>
    public async Task<(EnvelopesBody Body, TriageStep P2)> OfAsync(
        Dispute dispute, IReadOnlyList<LineageEntry> steps, CancellationToken cancellationToken)
    {
        var envelopes = steps.GroupBy(step => (step.OperationId, step.Row.Issuance)).Select(issuance => Envelope(dispute, [.. issuance])).ToList();
        var notes = new List<string>();
        var findings = await FindingsAsync(dispute, steps, notes, cancellationToken);
        var linked = steps.Select(step => step.OperationId).ToHashSet(StringComparer.Ordinal);
        bool IsBroken(string operation) => findings.Exists(finding => IsAbout(finding, dispute, [operation]));
        var imported = dispute.Operations.Count(operation => !linked.Contains(operation) && !IsBroken(operation));
        if (imported > 0) notes.Add($"{imported} operations have no envelope: their usage was imported and did not pass the gateway.");
        var broken = dispute.Operations.Count(IsBroken);
        (string, string)? first = findings is [var worst, ..] ? (worst.Cause, worst.Proposed) : null;
        var total = dispute.Operations.Count - imported;
        var step = TriageRules.IdentityKept(total, total - broken, findings.Count, first, notes);
        return (new(envelopes, findings, notes), step);
    }

    private PacketEnvelopeBody Envelope(Dispute dispute, LineageEntry[] steps)
    {
        var first = steps[0];
        var key = keys.Ring.Find(first.KeyId);
        var claims = key is null ? null : KnownClaims.Of(first, dispute.Attempts.Where(attempt => attempt.Operation == first.OperationId), key);
        return new(
            first.OperationId, first.Row.Issuance, first.KeyId, key is null ? null : SnakeCase.Of(key.Key.State), Convert.ToHexStringLower(first.TokenSha256),
            steps.All(step => step.TokenSha256.AsSpan().SequenceEqual(first.TokenSha256)), claims is null ? null : ClaimsBody.From(claims),
            claims is null
                ? "The ledger keeps the hash of the envelope's text, not its claims. The holder of the text can compare its SHA-256 with token_sha256."
                : "The server signed these claims again with the key, and the text has the stored SHA-256: no other claims do.",
            LineageBody.From(steps, keys.Ring)[0]);
    }

    /// <summary>What an audit finds about the disputed operations; other operations of the same time are not shown.</summary>
    private async Task<List<ReconciledFinding>> FindingsAsync(
        Dispute dispute, IReadOnlyList<LineageEntry> steps, List<string> notes, CancellationToken cancellationToken)
    {
        var now = Instant.From(time.GetUtcNow());
        var ranges = Ranges(dispute, steps);
        if (ranges.Count > RangesMax)
        {
            notes.Add($"The first {RangesMax} of {ranges.Count} times were audited. Audit the rest: tieout lineage audit --org {dispute.Org.Org.Id} --from {ranges[RangesMax].From} --to {ranges[^1].To}");
        }

        var found = new Dictionary<string, ReconciledFinding>(StringComparer.Ordinal);
        foreach (var (from, to) in ranges.Take(RangesMax))
        {
            var audit = await audits.RunAsync(new(dispute.Org, from, to, now), keeps: false, cancellationToken);
            foreach (var finding in audit.Findings.Where(finding => IsAbout(finding, dispute, dispute.Operations))) found.TryAdd(finding.Id, finding);
            if (audit.More > 0) notes.Add($"{audit.More} defects from {from} to before {to} were counted and not looked at: they may be of these operations.");
        }

        return [.. found.Values];
    }

    /// <summary>The times in which rows of the operations were recorded, with some seconds around; those that overlap are one.</summary>
    private static List<(Instant From, Instant To)> Ranges(Dispute dispute, IReadOnlyList<LineageEntry> steps)
    {
        var ranges = new List<(Instant From, Instant To)>();
        var times = steps.Select(step => step.Row.Step.At)
            .Concat(dispute.Attempts.SelectMany(attempt => new[] { attempt.Attempt.Hold?.HeldAt, attempt.Usage?.RecordedAt }.OfType<Instant>()));
        foreach (var at in times.Order())
        {
            if (ranges is [.., var last] && at - Around <= last.To) ranges[^1] = (last.From, at + Around);
            else ranges.Add((at - Around, at + Around));
        }

        return ranges;
    }

    private static bool IsAbout(ReconciledFinding finding, Dispute dispute, IReadOnlyList<string> operations) =>
        (finding.Scope.UsageId is { } usage && dispute.Attempts.Any(attempt => attempt.Id == usage && operations.Contains(attempt.Operation)))
        || operations.Any(operation => finding.Evidence.Contains($"'{operation}'", StringComparison.Ordinal));
}
