namespace Tieout.Core.Ledger.Recounts;

/// <summary>Ids that a usage row lacks, of those that it may lack. Every row has an operation. Stored: a released value is never renumbered.</summary>
[Flags]
public enum AbsentIds
{
    None = 0,
    Correlation = 1,
    Trace = 2,
    Workflow = 4,
    EndUser = 8,
}

/// <summary>How the ids that a row lacks are said.</summary>
public static class AbsentIdsOf
{
    public static AbsentIds Row(UsageRow row) =>
        (row.Usage.CorrelationId is null ? AbsentIds.Correlation : 0) | (row.Usage.TraceId is null ? AbsentIds.Trace : 0)
        | (row.Usage.WorkflowId is null ? AbsentIds.Workflow : 0) | (row.Usage.EndUser is null ? AbsentIds.EndUser : 0);
}
