using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.RowIndex;

/// <summary>What an id of a usage row names. The numbers are part of stored hashes and never change.</summary>
public enum UsageIdKind
{
    Operation = 1,
    Correlation = 2,
    Trace = 3,
    Workflow = 4,
    EndUser = 5,
}

/// <summary>The ids that a usage row can be looked up by. Null: the row has none of the kind.</summary>
public readonly record struct UsageIds(string? Operation, string? Correlation, string? Trace, string? Workflow, string? EndUser)
{
    private static readonly UsageIdKind[] AllKinds = Enum.GetValues<UsageIdKind>();

    public static ReadOnlySpan<UsageIdKind> Kinds => AllKinds;

    public static UsageIds Of(UsageRecord usage) => new(usage.OperationId, usage.CorrelationId, usage.TraceId, usage.WorkflowId, usage.EndUser);

    /// <summary>The ids that are there. Those that fewer rows share come first.</summary>
    public IEnumerable<(UsageIdKind Kind, string Id)> All()
    {
        if (Operation is not null) yield return (UsageIdKind.Operation, Operation);
        if (Correlation is not null) yield return (UsageIdKind.Correlation, Correlation);
        if (Trace is not null) yield return (UsageIdKind.Trace, Trace);
        if (Workflow is not null) yield return (UsageIdKind.Workflow, Workflow);
        if (EndUser is not null) yield return (UsageIdKind.EndUser, EndUser);
    }
}
