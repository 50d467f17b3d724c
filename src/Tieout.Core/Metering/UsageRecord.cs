namespace Tieout.Core.Metering;

/// <summary>What one attempt used, as measured once and never edited.</summary>
/// <param name="Id">Ours, not the provider's. One attempt, one hold, one usage record, one charge: all bear this id.</param>
/// <param name="OperationId">The logical thing asked for; its retries and fallbacks share it.</param>
/// <param name="AttemptNo">1 for the first try of the operation.</param>
/// <param name="OccurredAt">The world's time: when the attempt was made. Decides the billing period while that is open.</param>
/// <param name="DurationMs">From sending to the last byte, in milliseconds; 0 where not measured.</param>
/// <param name="Basis">Where the counts come from.</param>
/// <param name="Flags">What is odd about the counts.</param>
public sealed record UsageRecord(
    AttemptId Id,
    UsageLabels Labels,
    string OperationId,
    int AttemptNo,
    string? WorkflowId,
    string? CorrelationId,
    string? TraceId,
    string? EndUser,
    Instant OccurredAt,
    int DurationMs,
    int StatusCode,
    UsageCounts Counts,
    UsageBasis Basis,
    UsageFlags Flags)
{
    /// <summary>Whether the provider answered with an error. A failed attempt is a record too, usually of zero tokens.</summary>
    public bool Failed => IsFailure(StatusCode);

    public static bool IsFailure(int statusCode) => statusCode is >= 400 or 0;

    /// <summary>Whether <paramref name="fits"/> is true of every text.</summary>
    public bool TextsFit(Func<string?, bool> fits) =>
        Labels.TextsFit(fits) && fits(OperationId) && fits(WorkflowId) && fits(CorrelationId) && fits(TraceId) && fits(EndUser) && fits(Counts.More);
}

/// <summary>Names one attempt. Version 7 (time-ordered) when made here, so that new ones come at the end of every index.</summary>
public readonly record struct AttemptId(Guid Value) : IComparable<AttemptId>
{
    public int CompareTo(AttemptId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>Where the counts of a usage record come from. Zero, nothing, unpriced and estimated are four different things.</summary>
public enum UsageBasis
{
    /// <summary>The provider's last usage block.</summary>
    Reported,

    /// <summary>No usage block arrived (cut stream, error): our own estimate, to be trued up.</summary>
    Estimated,

    /// <summary>The attempt failed before anything was used: zero, and known to be.</summary>
    Failed,

    /// <summary>Measured elsewhere and handed in.</summary>
    Imported,
}
