using System.Globalization;
using System.Text.Json.Serialization;
using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <param name="Full">Every row; false: what came since the last run of this server, what that left open, and all figures. The first run looks at every
/// row.</param>
public sealed record ReconciliationRequest(
    string? Org = null, string? From = null, string? To = null, string? Project = null, string? AppInstance = null, string? Key = null,
    string? Correlation = null, bool Full = false);

/// <param name="Checked">Rows and figures looked at.</param>
/// <param name="Opened">Findings that were not known before.</param>
/// <param name="Ended">Findings that were open and are not found any more.</param>
/// <param name="More">Odd rows beyond those that are looked at in full.</param>
public sealed record ReconciliationBody(IReadOnlyList<ReconciledFinding> Findings, long Checked, long AsOf, int Opened, int Ended, long More);

/// <summary>How far the run under way is, in rows; both 0: none is.</summary>
public sealed record RunProgressBody(long Done, long Total);

/// <param name="Id">The same for the same defect on every run.</param>
/// <param name="Left">What the book says; null: nothing.</param>
/// <param name="Right">What it should say; null: nothing, or only a person knows.</param>
/// <param name="Difference">Left − right; null: the finding is not about an amount.</param>
/// <param name="Evidence">A query to run against the store's views.</param>
/// <param name="Proposed">What <c>correct</c> will do, or what it needs to be told.</param>
public sealed record ReconciledFinding(
    string Id, string Code, string Severity, FindingScopeBody Scope, Amount? Left, Amount? Right, Amount? Difference, string Cause, string Evidence,
    string Proposed)
{
    /// <summary>Of a cause with parts, how much of the difference each makes; they sum to it. Null: it has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<CauseBody>? Causes { get; init; }

    public static ReconciledFinding Of(Finding finding) => new(
        finding.Id, finding.Code.Name, finding.Code.Severity, FindingScopeBody.Of(finding.Scope), finding.Left, finding.Right, finding.Difference,
        finding.Cause, finding.Evidence,
        finding.Repair.Proposed)
    {
        Causes = finding.Causes.IsEmpty ? null : [.. finding.Causes.Select(cause => new CauseBody(cause.Cause, cause.Amount))],
    };

    /// <summary>The finding that this says, with how it is repaired.</summary>
    internal Finding Finding(Repair repair) => new(new(Code, Severity), Scope.Scope, Id, Left, Right, Cause, Evidence, repair)
    {
        Id = Id,
        Causes = [.. (Causes ?? []).Select(cause => new CauseAmount(cause.Cause, cause.Amount))],
    };
}

public sealed record CauseBody(string Cause, Amount Amount);

public sealed record FindingScopeBody(
    string? Org, string? Project, string? Team, string? Key, string? AppInstance, string? UsageId, long? Posting, string? Window, string? CorrelationId,
    string? At)
{
    public static FindingScopeBody Of(FindingScope scope) => new(
        scope.Org.Length == 0 ? null : scope.Org, scope.Project, scope.Team, scope.Key, scope.AppInstance, scope.Usage?.ToString(), scope.Posting, scope.Window,
        scope.CorrelationId,
        scope.At?.ToString());

    internal FindingScope Scope => new(
        Org ?? "", Project, Team, Key, AppInstance, UsageId is null ? null : new(Guid.Parse(UsageId)), Posting, Window, CorrelationId,
        At is null ? null : Instant.From(DateTimeOffset.Parse(At, CultureInfo.InvariantCulture)));
}

/// <summary>How a finding stands, as it is kept.</summary>
/// <param name="State"><c>open</c>; <c>corrected</c>: its repair was carried out in the same commit; <c>accepted</c>: a person lets it stand; <c>ended</c>: a
/// run no longer finds it.</param>
/// <param name="By">The token that closed it; null: a run did.</param>
public sealed record KeptFinding(
    string Id, string Code, string Severity, string State, ReconciledFinding? Finding, string? By = null, string? Reason = null, string? At = null)
{
    /// <summary>What brings the difference to zero, complete, so that any node can carry it out. Null: the record is older than this member.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Repair? Repair { get; init; }

    /// <summary>When it was opened; null: when the record was written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OpenedAt { get; init; }
}

/// <param name="Amount">What the usage should have cost, where only a person knows.</param>
/// <param name="Accept">Let it stand as it is.</param>
/// <param name="DryRun">Say what would be done, and do nothing.</param>
public sealed record CorrectFindingRequest(Amount? Amount = null, bool Accept = false, bool DryRun = false, string? Reason = null);

/// <param name="Steps">What was done, or would be, one sentence each.</param>
/// <param name="Postings">Postings that it made.</param>
public sealed record CorrectedBody(string Finding, bool Applied, IReadOnlyList<string> Steps, IReadOnlyList<long> Postings, long AsOf);

/// <param name="Reason">Why. Stored and shown.</param>
public sealed record FreezeRequest(string? Reason);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(AmountConverter), typeof(RepairText)])]
[JsonSerializable(typeof(CostsTodayBody))]
[JsonSerializable(typeof(CostReconciliationBody))]
[JsonSerializable(typeof(ReplayBody))]
[JsonSerializable(typeof(FindingListBody))]
[JsonSerializable(typeof(ReconciliationRequest))]
[JsonSerializable(typeof(ReconciliationBody))]
[JsonSerializable(typeof(RunProgressBody))]
[JsonSerializable(typeof(KeptFinding))]
[JsonSerializable(typeof(CorrectFindingRequest))]
[JsonSerializable(typeof(CorrectedBody))]
[JsonSerializable(typeof(FreezeRequest))]
public sealed partial class ReconciliationJson : JsonSerializerContext;
