using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Attribution;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>Audits lineages, and keeps what it finds as other findings are kept.</summary>
internal sealed class LineageAudits(ILedger ledger, EnvelopeKeys keys, LineageHours hours, ReconciliationRun reconciling)
{
    /// <summary>How far ahead of the ledger's clock usage may have occurred.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(10);

    /// <param name="keeps">Goes through all rows and stores the findings; else nothing is changed, and what earlier audits settled is added up.</param>
    /// <exception cref="StoreUnavailableException">The store cannot be read, or does not take the findings.</exception>
    public async Task<LineageAuditBody> RunAsync(LineageRange range, bool keeps, CancellationToken cancellationToken)
    {
        var (asOf, org) = (ledger.Read.AsOf, range.Org?.Org.Id);
        var kept = await reconciling.Kept.AllAsync(org: null, cancellationToken).ToDictionaryAsync(
            row => row.Finding.Id, StringComparer.Ordinal, cancellationToken);
        var query = new LineageQuery(org, range.From, range.To, keys.CanIssue ? keys.Ring : null, range.Now, Replacements(kept.Values));
        if (!keeps) query = query with { Spans = await hours.ReadAsync(range.From, range.To, cancellationToken) };
        var report = await ledger.Read.AuditLineageAsync(query, cancellationToken);
        var findings = report.Findings.Where(finding => !IsAccepted(finding, kept)).ToList();
        if (keeps) await KeepAsync(range, report, kept, cancellationToken);
        return Body(range, report, findings, asOf);
    }

    private async Task KeepAsync(LineageRange range, LineageReport report, Dictionary<string, KeptRow> kept, CancellationToken cancellationToken)
    {
        // A run over the book keeps its own.
        foreach (var finding in report.Findings.Where(finding => FindingCode.OfLineageAudits.Contains(finding.Code)))
        {
            await reconciling.KeepAsync(finding.Scope.Org, finding.Id, finding, cancellationToken);
        }

        if (report.More > 0 || range.To < range.Now) return;
        var found = report.Findings.Select(finding => finding.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var row in kept.Values.Where(row => row.IsOpen && !found.Contains(row.Finding.Id) && IsWithin(range, row)))
        {
            await reconciling.KeepAsync(row.Org, row.Finding.Id, found: null, cancellationToken);
        }
    }

    /// <summary>Whether an audit of the range would have found it for certain: its rows were recorded from its time on.</summary>
    private static bool IsWithin(LineageRange range, KeptRow row) =>
        FindingCode.OfLineageAudits.Any(code => code.Name == row.Finding.Code) && (range.Org is null || range.Org.Org.Id == row.Org)
        && row.Finding.Finding?.Scope.Scope.At is { } at && at - Ahead >= range.From;

    /// <summary>Usage that corrections made in place of what was charged to another tenant.</summary>
    private static HashSet<AttemptId> Replacements(IEnumerable<KeptRow> kept) =>
        [.. kept.Where(row => row.Finding.State == FindingState.Corrected).Select(row => row.Finding.Repair).OfType<Repair.Relabel>()
            .Select(repair => repair.Charge.Usage.Id)];

    private static bool IsAccepted(Finding finding, Dictionary<string, KeptRow> kept) =>
        kept.TryGetValue(finding.Id, out var known) && known.Finding is { State: FindingState.Accepted, Finding: { } accepted }
        && accepted.Left == finding.Left && accepted.Right == finding.Right;

    private LineageAuditBody Body(LineageRange range, LineageReport report, IReadOnlyList<Finding> findings, long asOf)
    {
        var all = new LineageLine();
        foreach (var line in report.Lines.Values) all.Add(line);
        return new(
            range.Org?.Org.Id, range.From.ToString(), range.To.ToString(), all.Operations, all.Whole, LineageLine.Share(all.Whole, all.Operations),
            all.Attempts, all.Hops, all.ByOthers, all.Unchecked,
            [.. report.Lines.Select(line => LineageOrgBody.Of(line.Key, ledger.Read.Org(line.Key)?.Org.Asset ?? "", line.Value))],
            report.Sample is { } sample ? LineageSampleBody.Of(sample) : null, [.. findings.Select(ReconciledFinding.Of)], report.More,
            [.. Notes(range, report, all)], asOf);
    }

    private static IEnumerable<string> Notes(LineageRange range, LineageReport report, LineageLine all)
    {
        var whose = range.Org is { } org ? $"{org.Org.Id} has" : "The ledger has";
        if (all.Operations == 0) yield return $"{whose} no operation that began from {range.From} to before {range.To}, so there is no share.";
        if (all.Unchecked > 0)
        {
            yield return $"{all.Unchecked} operations have an envelope of a key whose secret this server does not have: their texts and numbers were compared, their links were not checked.";
        }

        if (report.IsAtLeast)
        {
            yield return $"More than {LineageAudit.RememberedMax} operations have attempts without an envelope: the number of operations is too low. Audit a shorter range.";
        }

        if (report.More > 0) yield return $"{report.More} more defects were counted and are not named. Audit a shorter range or one org.";
    }
}
