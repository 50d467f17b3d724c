using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Http;
using Tieout.Server.Ingest;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Reconciliation;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>What a run found, with what it knows beyond what it says: how to repair each.</summary>
internal sealed record RunResult(IReadOnlyList<Finding> Findings, BookReport Report, int Opened, int Ended);

/// <summary>Reconciles the whole book and keeps what it finds: opens what is new, ends what is gone, freezes where several instances are hit.</summary>
internal sealed partial class ReconciliationRun(
    ILedger ledger, CurrentKeys keys, SettlementSpool spool, ServerOptions options, TimeProvider time, ILogger<ReconciliationRun> logger) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private RunResult? _last;

    /// <summary>Rows done and in all of the run that is under way; both 0: none is.</summary>
    public (long Done, long Total) Progress { get; private set; }

    public FindingsKept Kept { get; } = new(ledger);

    public RuntimeReconciler Runtimes { get; } = new(ledger, keys, options.Runtime.Grid);

    /// <summary>One run at a time: a second waits, since it would only read the same rows again.</summary>
    /// <param name="full">Every row; false: what came since the last run of this process, and all figures.</param>
    /// <param name="filter">Which findings are answered. All are kept, whatever is asked for.</param>
    public async Task<RunResult> RunAsync(FindingFilter filter, bool full, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = Instant.From(time.GetUtcNow());
            var found = await LookAsync(now, full, cancellationToken);
            var (opened, ended) = await KeepAsync(found.Findings, found.Report.More == 0, now, cancellationToken);
            _last = found with { Opened = opened, Ended = ended };
            return _last with { Findings = [.. found.Findings.Where(finding => filter.Matches(finding.Scope))] };
        }
        finally
        {
            Progress = default;
            _one.Release();
        }
    }

    /// <summary>A finding of the last run of this node, or of a new one; null: it is not found any more.</summary>
    /// <remarks>What a correction does counts once, and by how much a figure is off stays whatever is committed, so the last run is good enough to correct by.</remarks>
    public async Task<Finding?> FindAsync(string id, CancellationToken cancellationToken)
    {
        if (_last?.Findings.FirstOrDefault(finding => finding.Id == id) is { } known) return known;
        return (await RunAsync(FindingFilter.All, full: false, cancellationToken)).Findings.FirstOrDefault(finding => finding.Id == id) ?? await OfOthersAsync(id, cancellationToken);
    }

    /// <summary>Keeps what was found elsewhere than in a run, such as in a bill: opens it, brings it up to date, or ends it.</summary>
    /// <param name="found">Null: it is not found any more.</param>
    /// <returns>How it stands then; null: it was never there. What a person let stand stays so until its figures change.</returns>
    public async Task<string?> KeepAsync(string org, string id, Finding? found, CancellationToken cancellationToken)
    {
        var known = await Kept.FindAsync(org, id, cancellationToken);
        if (found is null)
        {
            if (known is { State: FindingState.Open }) (await ledger.SubmitAsync(FindingsKept.End(org, id, known.Code, known.Severity, Instant.From(time.GetUtcNow()), "both sides are the same"), cancellationToken)).OrThrow();
            return known is { State: FindingState.Open } ? FindingState.Ended : known?.State;
        }

        if (known is { State: FindingState.Accepted, Finding: { } accepted } && accepted.Left == found.Left && accepted.Right == found.Right) return known.State;
        (await ledger.SubmitAsync(FindingsKept.Open(found), cancellationToken)).OrThrow();
        return FindingState.Open;
    }

    /// <summary>What no run looks for: bills, and what the ledger opened by itself. A person can let it stand.</summary>
    private async Task<Finding?> OfOthersAsync(string id, CancellationToken cancellationToken)
    {
        var row = (await Kept.RowsAsync(cancellationToken)).FirstOrDefault(row => FindingsKept.IdOf(row) == id);
        if (row is null || FindingCode.OfRuns.Any(code => code.Name == row.Code)) return null;
        var kept = await Kept.FindAsync(row.Org, id, cancellationToken);
        if (kept is { State: not FindingState.Open }) return null;
        var decide = new Repair.Decide(0, "look at it");
        var scope = new FindingScope(row.Org, Usage: row.Attempt);
        return kept?.Finding is { } said
            ? new(new(row.Code, row.Severity), scope, $"finding/{row.Seq}", said.Left, said.Right, said.Cause, said.Evidence, decide) { Id = id, Causes = [.. (said.Causes ?? []).Select(cause => new CauseAmount(cause.Cause, cause.Amount))] }
            : new(new(row.Code, row.Severity), scope, $"finding/{row.Seq}", null, null, row.Code, row.Detail, decide) { Id = id };
    }

    public void Dispose() => _one.Dispose();

    private async Task<RunResult> LookAsync(Instant now, bool full, CancellationToken cancellationToken)
    {
        var logs = await Runtimes.LogsAsync(cancellationToken);
        var instances = new Instances(logs, (org, name) => ImportedId.Of(org, "", name));
        var accepted = await Kept.AllAsync(org: null, cancellationToken).Where(kept => kept.Finding.State == FindingState.Accepted).Select(kept => kept.Finding.Id)
            .ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
        var report = await ledger.Read.ReconcileAsync(new(instances, Runtimes.DueAt(now - RuntimeReconciler.Patience), now, (done, total) => Progress = (done, total), full, accepted), cancellationToken);
        List<Finding> findings = [.. report.Findings, .. await Runtimes.FindingsAsync(instances, report.Uneven, now, cancellationToken)];
        if (spool.Count > 0) findings.Add(RowRules.SpoolBacklog(spool.Count, spool.ChargeWaiting));
        return new([.. findings.Where(finding => !accepted.Contains(finding.Id))], report, 0, 0);
    }

    private async Task<(int Opened, int Ended)> KeepAsync(IReadOnlyList<Finding> findings, bool isComplete, Instant now, CancellationToken cancellationToken)
    {
        var kept = await Kept.AllAsync(org: null, cancellationToken).ToDictionaryAsync(one => one.Finding.Id, StringComparer.Ordinal, cancellationToken);
        var ofLedger = await Kept.OfLedgerAsync(cancellationToken);
        var (opened, ended) = (0, 0);
        foreach (var finding in findings)
        {
            var isKnown = kept.TryGetValue(finding.Id, out var known) ? known.Finding.State == FindingState.Open : ofLedger.ContainsKey(finding.Id);
            if (isKnown || finding.Code == FindingCode.SpoolBacklog) continue;
            if (await IsKeptAsync(FindingsKept.Open(finding), finding.Id, cancellationToken)) opened++;
        }

        if (isComplete)
        {
            var here = findings.Select(finding => finding.Id).ToHashSet(StringComparer.Ordinal);
            var ofRuns = FindingCode.OfRuns.Select(code => code.Name).ToHashSet(StringComparer.Ordinal);
            var gone = kept.Values.Where(one => one.Finding.State == FindingState.Open).Select(one => (one.Org, one.Finding.Id, one.Finding.Code, one.Finding.Severity))
                .Concat(ofLedger.Where(row => !kept.ContainsKey(row.Key)).Select(row => (row.Value.Org, Id: row.Key, row.Value.Code, row.Value.Severity)));
            foreach (var (org, id, code, severity) in gone.Where(one => ofRuns.Contains(one.Code) && !here.Contains(one.Id)).ToList())
            {
                if (await IsKeptAsync(FindingsKept.End(org, id, code, severity, now), id, cancellationToken)) ended++;
            }
        }

        await FreezeAsync(findings, now, cancellationToken);
        return (opened, ended);
    }

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
    /// <returns>Whether the command changed the ledger. False: it was refused, or recorded before, such as by another node.</returns>
    private async Task<bool> IsKeptAsync(Command command, string id, CancellationToken cancellationToken)
    {
        var outcome = await ledger.SubmitAsync(command, cancellationToken);
        if (outcome is Outcome.Refused refused) LogNotKept(id, command.OrgId, refused.Reason);
        return outcome is Outcome.Done;
    }

    [LoggerMessage(EventId = LogEvents.FindingNotKept, Level = LogLevel.Error, Message = "{FindingId} of {OrgId} is not recorded: the ledger refused it: {Reason}")]
    private partial void LogNotKept(string findingId, string? orgId, Refusal reason);
}
