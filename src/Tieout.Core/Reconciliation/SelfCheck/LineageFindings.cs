using Tieout.Core.Attribution.Audit;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>From a defect of a lineage to a finding. Pure.</summary>
public static class LineageFindings
{
    /// <summary>The defects that a run over the book finds, too, as the same findings: it says more of them than a lineage does.</summary>
    public static bool IsOfRuns(LineageDefectKind kind) =>
        kind is LineageDefectKind.ChargedElsewhere or LineageDefectKind.WithoutUsage or LineageDefectKind.HoldOpen;

    /// <param name="rebound">Of an attempt that was charged to another tenant: what repairs it. Null: it is repaired, or of another kind.</param>
    /// <returns>Null: it is a run's, or it is repaired.</returns>
    public static Finding? Of(LineageDefect defect, Finding? rebound = null) => defect switch
    {
        { Kind: LineageDefectKind.RetriedElsewhere } => rebound is null ? null : Retried(defect, rebound),
        { Unlinked: { } usage } => new(
            FindingCode.LineageMissing, Scope(usage), Finding.UsageKey(usage.Id), usage.Charge, Right: null, defect.Cause,
            $"SELECT * FROM usage_records WHERE usage_id = '{usage.Id}'",
            new Repair.Decide(0, "was it this tenant's? The record and its labels are all that says so")),
        { Kind: LineageDefectKind.BrokenLinks, Step: { } step } => OfStep(
            FindingCode.LineageBroken, defect, step, $"envelope/{defect.Operation}/{step.Entry.Row.Issuance}", defect.Cost, right: null,
            "restore the rows from a backup: 'tieout verify' names them"),
        { Kind: LineageDefectKind.ForeignExecutor, Step: { } step } => OfStep(
            FindingCode.ForeignExecutor, defect, step, $"step/{defect.Operation}/{step.Entry.Row.Issuance}/{step.Entry.Row.No}", defect.Cost,
            defect.Cost is null ? null : Amount.Zero, "should the tenant pay for what the key did in its name"),
        { Kind: LineageDefectKind.SeveralEnvelopes, Step: { } step } => OfStep(
            FindingCode.EnvelopeReissued, defect, step, $"operation/{defect.Operation}", defect.Cost, right: null,
            "did the caller lose the envelope between two attempts? Pass it on as it came"),
        _ => null,
    };

    /// <summary>All of the charge is the other tenant's, as with usage that is charged to another org than its envelope's.</summary>
    private static Finding Retried(LineageDefect defect, Finding rebound) => rebound with
    {
        Code = FindingCode.RetryRebound,
        Id = Finding.IdOf(FindingCode.RetryRebound, rebound.Scope.Org, rebound.Key),
        Cause = defect.Cause,
        Evidence = OfOperation(defect.Operation),
    };

    private static Finding OfStep(
        FindingCode code, LineageDefect defect, AuditedStep step, string key, Amount? left, Amount? right, string question)
    {
        var made = step.Entry.Row.Step;
        var usage = step.IsAttempt && Guid.TryParse(made.Id, out var id) ? new AttemptId(id) : null as AttemptId?;
        return new(
            code, new(defect.Org, Key: made.Executor, Usage: usage, At: made.At), key, left, right, defect.Cause, OfOperation(defect.Operation),
            new Repair.Decide(0, question));
    }

    private static string OfOperation(string operation) => $"SELECT * FROM lineage WHERE operation_id = '{operation}' ORDER BY org, issuance_id, no";

    private static FindingScope Scope(UnlinkedUsage usage) => new(
        usage.Org, usage.Project, usage.Team, usage.Key, Usage: usage.Id, CorrelationId: usage.CorrelationId, At: usage.EffectiveAt);
}
