using System.Collections.Immutable;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>What a join contract may ask of a usage record, by name. The one list of it.</summary>
/// <param name="Name">In snake_case, as records have it.</param>
/// <param name="Of">Its value in a record; null: the record does not have it.</param>
/// <param name="Label">The label that it is; null: it is an id.</param>
/// <param name="Absent">How counted rows say that they lack it; <see cref="AbsentIds.None"/>: their labels say it, or every row has it.</param>
public sealed record ContractField(string Name, Func<UsageRecord, string?> Of, LabelDimension? Label, AbsentIds Absent)
{
    public static ImmutableArray<ContractField> All { get; } =
    [
        new("org", usage => usage.Labels.Org, null, AbsentIds.None),
        .. LabelDimension.All.Select(label => new ContractField(label.Name, usage => label.Of(usage.Labels), label, AbsentIds.None)),
        new("usage_id", usage => usage.Id.ToString(), null, AbsentIds.None),
        new("operation_id", usage => usage.OperationId, null, AbsentIds.None),
        new("correlation_id", usage => usage.CorrelationId, null, AbsentIds.Correlation),
        new("trace_id", usage => usage.TraceId, null, AbsentIds.Trace),
        new("workflow_id", usage => usage.WorkflowId, null, AbsentIds.Workflow),
        new("end_user", usage => usage.EndUser, null, AbsentIds.EndUser),
    ];

    /// <summary>Its column in the view <c>usage_records</c> of both stores.</summary>
    public string Column => Name switch
    {
        "org" or "project" or "team" or "key" or "app_instance" => $"{Name}_id",
        "component" => "runtime_component",
        "control_plane" => "control_plane_component",
        "source" => "usage_source",
        "trigger" => "trigger_type",
        "end_user" => "user_id",
        _ => Name,
    };

    /// <summary>Every record has it, so a contract cannot declare that it may lack.</summary>
    public bool IsAlwaysThere => Label is null && Absent is AbsentIds.None;

    /// <returns>Null: there is no such field.</returns>
    public static ContractField? Find(string name) => All.FirstOrDefault(field => field.Name == name);

    /// <summary>Whether counted rows have it.</summary>
    public bool IsIn(UsageLabels labels, AbsentIds absent) => Label is { } label ? label.Of(labels) is not null : (Absent & absent) == 0;
}
