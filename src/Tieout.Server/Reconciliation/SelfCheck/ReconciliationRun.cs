using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Http;
using Tieout.Server.Ingest;
using Tieout.Server.Pricing;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Reconciliation;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>What a run found, with what it knows beyond what it says: how to repair each.</summary>
internal sealed record RunResult(IReadOnlyList<Finding> Findings, BookReport Report, int Opened, int Ended);

/// <summary>Reconciles the whole book and keeps what it finds: opens what is new, ends what is gone, freezes where several instances are hit.</summary>
internal sealed partial class ReconciliationRun(
    ILedger ledger, CurrentPrices prices, SettlementSpool spool, ServerOptions options, TimeProvider time, ILogger<ReconciliationRun> logger) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Rows done and in all of the run that is under way; both 0: none is.</summary>
    public (long Done, long Total) Progress { get; private set; }

    public FindingsKept Kept { get; } = new(ledger);

    public RuntimeReconciler Runtimes { get; } = new(ledger, prices, options.Runtime.Grid);

    /// <summary>One run at a time: a second waits, since it would only read the same rows again.</summary>
    /// <param name="full">Every row; false: what came since the last run of this process, and all figures.</param>
    /// <param name="filter">Which findings are answered. All are kept, whatever is asked for.</param>
    public async Task<RunResult> RunAsync(FindingFilter filter, bool full, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = Instant.From(time.GetUtcNow());

            // Read before the rows are: whatever a person corrects or accepts meanwhile, this run neither opens again nor ends.
            var kept = await Kept.AllAsync(org: null, cancellationToken).ToDictionaryAsync(row => row.Finding.Id, StringComparer.Ordinal, cancellationToken);
            var found = await LookAsync(kept.Values, now, full, cancellationToken);
            var (opened, ended) = await KeepAsync(kept, found.Findings, found.Report.More == 0, now, cancellationToken);
            return found with { Findings = [.. found.Findings.Where(finding => filter.Matches(finding.Scope))], Opened = opened, Ended = ended };
        }
        finally
        {
            Progress = default;
            _one.Release();
        }
    }

    /// <summary>A finding as the rows and figures are now; null: it is not found any more.</summary>
    public async Task<Finding?> MeasureAsync(string id, CancellationToken cancellationToken) =>
        (await RunAsync(FindingFilter.All, full: false, cancellationToken)).Findings.FirstOrDefault(finding => finding.Id == id);

    /// <summary>The backlog of this node's spool, if that is the finding. It is in no book.</summary>
    public OpenFinding? Backlog(string id) =>
        spool.Count > 0 && RowRules.SpoolBacklog(spool.Count, spool.ChargeWaiting) is var backlog && backlog.Id == id ? new(backlog, Seq: 0) : null;

    /// <summary>Keeps what was found elsewhere than in a run, such as in a bill: opens it, brings it up to date, or ends it.</summary>
    /// <param name="found">Null: it is not found any more.</param>
    /// <returns>How it stands then; null: it was never there. What a person let stand stays so until its figures change.</returns>
    public async Task<string?> KeepAsync(string org, string id, Finding? found, CancellationToken cancellationToken)
    {
        var known = await Kept.FindAsync(org, id, cancellationToken);
        if (found is null)
        {
            if (known is { IsOpen: true, Finding: var open })
            {
                (await ledger.SubmitAsync(FindingsKept.End(org, id, new(open.Code, open.Severity), Instant.From(time.GetUtcNow()), "both sides are the same"),
                    cancellationToken)).OrThrow();
            }

            return known is { IsOpen: true } ? FindingState.Ended : known?.Finding.State;
        }

        if (known is { Finding: { State: FindingState.Accepted, Finding: { } accepted } } && accepted.Left == found.Left && accepted.Right == found.Right)
        {
            return FindingState.Accepted;
        }

        if (known is not { IsOpen: true }) (await ledger.SubmitAsync(FindingsKept.Record(org, FindingsKept.Opened(found)), cancellationToken)).OrThrow();
        else if (Differs(known, found)) (await ledger.SubmitAsync(Again(known, found), cancellationToken)).OrThrow();
        return FindingState.Open;
    }

    public void Dispose() => _one.Dispose();

    private async Task<RunResult> LookAsync(IEnumerable<KeptRow> kept, Instant now, bool full, CancellationToken cancellationToken)
    {
        var logs = await Runtimes.LogsAsync(cancellationToken);
        var instances = new Instances(logs, (org, name) => ImportedId.Of(org, "", name));
        var accepted = kept.Where(row => row.Finding.State == FindingState.Accepted).Select(row => row.Finding.Id).ToHashSet(StringComparer.Ordinal);
        var report = await ledger.Read.ReconcileAsync(new(
            instances, Runtimes.DueAt(now - RuntimeReconciler.Patience), now, (done, total) => Progress = (done, total), full, accepted), cancellationToken);
        List<Finding> findings = [.. report.Findings, .. await Runtimes.FindingsAsync(instances, report.Uneven, now, cancellationToken)];
        if (spool.Count > 0) findings.Add(RowRules.SpoolBacklog(spool.Count, spool.ChargeWaiting));
        return new([.. findings.Where(finding => !accepted.Contains(finding.Id))], report, 0, 0);
    }

    /// <param name="kept">As the findings were when the run began.</param>
    private async Task<(int Opened, int Ended)> KeepAsync(
        Dictionary<string, KeptRow> kept, IReadOnlyList<Finding> findings, bool isComplete, Instant now, CancellationToken cancellationToken)
    {
        var ofLedger = await Kept.OfLedgerAsync(cancellationToken);
        var (opened, ended) = (0, 0);
        foreach (var finding in findings)
        {
            if (finding.Code == FindingCode.SpoolBacklog) continue;
            if (kept.TryGetValue(finding.Id, out var known) && known.IsOpen)
            {
                // The record says how to repair it, so it is brought up to date.
                if (Differs(known, finding)) await IsKeptAsync(Again(known, finding), finding.Id, cancellationToken);
                continue;
            }

            // What the ledger opened itself, its own row and usage record say.
            if (known is null && ofLedger.ContainsKey(finding.Id)) continue;
            if (await IsKeptAsync(
                FindingsKept.Record(finding.Scope.Org, FindingsKept.Opened(finding)) with { Replaces = known?.Seq ?? 0 }, finding.Id, cancellationToken))
            {
                opened++;
            }
        }

        if (isComplete)
        {
            var here = findings.Select(finding => finding.Id).ToHashSet(StringComparer.Ordinal);
            var gone = kept.Values.Where(row => row.IsOpen)
                .Select(row => (row.Org, row.Finding.Id, Code: new FindingCode(row.Finding.Code, row.Finding.Severity), row.Seq))
                .Concat(ofLedger.Where(row => !kept.ContainsKey(row.Key)).Select(row => (row.Value.Org, Id: row.Key, row.Value.Code, Seq: 0L)));
            foreach (var (org, id, code, seq) in gone.Where(one => one.Code.IsOfRuns && !here.Contains(one.Id)).ToList())
            {
                if (await IsKeptAsync(FindingsKept.End(org, id, code, now) with { Replaces = seq }, id, cancellationToken)) ended++;
            }
        }

        await FreezeAsync(findings, now, cancellationToken);
        return (opened, ended);
    }

    /// <summary>Whether the record of an open finding says something else than what is found now. Its sentences may contain the time, so they do not
    /// count.</summary>
    private static bool Differs(KeptRow known, Finding found) =>
        known.Finding.Finding is not { } said || said.Left != found.Left || said.Right != found.Right || known.Finding.Repair is not { } repair
            || RepairText.Write(repair) != RepairText.Write(found.Repair);

    /// <summary>An open finding with the figures of now. It was opened when it was.</summary>
    private static Command.AddRecord Again(KeptRow known, Finding found) =>
        FindingsKept.Record(known.Org, FindingsKept.Opened(found) with { OpenedAt = known.OpenedAt }) with { Replaces = known.Seq };

    /// <summary>Several instances hit at once is no slip of one of them: until someone has understood it, nobody adjusts by hand.</summary>
    private async Task FreezeAsync(IReadOnlyList<Finding> findings, Instant now, CancellationToken cancellationToken)
    {
        foreach (var org in findings.Where(finding => finding.Scope.AppInstance is not null).GroupBy(finding => finding.Scope.Org, StringComparer.Ordinal))
        {
            var instances = org.Select(finding => finding.Scope.AppInstance!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            if (instances.Count < 2 || Freezes.Of(ledger, org.Key) is { Frozen: true }) continue;
            var reason = $"findings touch {instances.Count} app instances: {string.Join(", ", instances.Take(10))}";
            await IsKeptAsync(Freezes.Record(new(org.Key, Frozen: true, reason, By: null, now.ToString())), "freeze", cancellationToken);
        }
    }

    /// <summary>Records what a run found. A refusal ends no run: it is logged, the other findings are recorded, and the next run tries again.</summary>
    /// <returns>Whether the command changed the ledger. False: it was refused, or another node or a person was first.</returns>
    private async Task<bool> IsKeptAsync(Command command, string id, CancellationToken cancellationToken)
    {
        var outcome = await ledger.SubmitAsync(command, cancellationToken);
        if (outcome is Outcome.Refused { Reason: not Refusal.RecordChanged } refused) LogNotKept(id, command.OrgId, refused.Reason);
        return outcome is Outcome.Done;
    }

    [LoggerMessage(EventId = LogEvents.FindingNotKept, Level = LogLevel.Error,
        Message = "{FindingId} of {OrgId} is not recorded: the ledger refused it: {Reason}")]
    private partial void LogNotKept(string findingId, string? orgId, Refusal reason);
}
