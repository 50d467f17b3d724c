using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Attribution.Audit;

/// <summary>An operation of an org with every step that its envelopes took.</summary>
/// <param name="Steps">In the order in which they were recorded; one or more.</param>
/// <param name="Elsewhere">Attempts of an operation with the same id under other orgs, where the same key or the org of such a key acted.</param>
public sealed record AuditedOperation(string Org, string Id, IReadOnlyList<AuditedStep> Steps, IReadOnlyList<AuditedStep> Elsewhere);

/// <summary>A step with what came of it.</summary>
/// <param name="Usage">Of an attempt; null: it has none, or the step is a hop.</param>
/// <param name="Hold">Looked at only where there is no usage. Null: there is none.</param>
public sealed record AuditedStep(LineageEntry Entry, StepUsage? Usage = null, StepHold? Hold = null)
{
    /// <summary>Whom the usage was charged to; zero where there is none.</summary>
    public Amount Charge => Usage?.Charge ?? Amount.Zero;

    /// <summary>Whether a provider may have been reached.</summary>
    public bool IsAttempt => Entry.Row.Step.Kind is LineageKind.Attempt;
}

/// <param name="Seq">The number of the usage record in its book.</param>
/// <param name="Org">Who was charged.</param>
/// <param name="Bucket">The book that the record is in.</param>
public sealed record StepUsage(long Seq, string Org, string? Key, Amount Charge, int Bucket);

/// <param name="Seq">The number of the hold in its book.</param>
public sealed record StepHold(long Seq, HoldState State, Instant ExpiresAt);

/// <summary>Usage that came through the gateway and that no step of its operation's lineage is about.</summary>
/// <param name="HasSteps">The operation has a lineage, in which this attempt is missing.</param>
public sealed record UnlinkedUsage(
    long Seq, AttemptId Id, string Org, string? Project, string? Team, string? Key, string OperationId, int AttemptNo, string? CorrelationId, Amount Charge,
    Instant OccurredAt, Instant EffectiveAt, bool HasSteps);
