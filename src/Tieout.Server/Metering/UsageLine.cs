using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Metering;

/// <summary>One usage record with its charge, as every listing and export shows it. The order of the members is the order of the columns, but for
/// the provider's cost.</summary>
/// <param name="InputTokens">A total; cache reads and writes are parts of it.</param>
/// <param name="OutputTokens">A total; reasoning is part of it.</param>
/// <param name="Basis">reported, estimated, failed or imported: zero, nothing and estimated are different things.</param>
/// <param name="Unpriced">No price was known: the charge of zero is not a price.</param>
/// <param name="UsageFlags">What is odd about the counts; empty: nothing.</param>
/// <param name="ControlPlaneComponent">Whether the component steers work instead of doing it; null, as its neighbours: the usage is not of a runtime.</param>
/// <param name="EffectiveAt">The time it counts in; differs from <paramref name="OccurredAt"/> when that period was closed.</param>
/// <param name="ProviderCost">What the provider takes; null: a tenant reads, and neither the member nor its column is there.</param>
public sealed record UsageLine(
    string UsageId, string OperationId, string OccurredAt, string OrgId, string? ProjectId, string? TeamId, string? KeyId, string? UserId, string? Feature,
    string UsageSource, string? TriggerType, string? Provider, string? Model, long InputTokens, long CacheReadTokens, long CacheWriteTokens, long OutputTokens,
    long ReasoningTokens, Amount Charge, string? CorrelationId, string? TraceId, string Basis,
    int AttemptNo, string? WorkflowId, int StatusCode, int DurationMs, bool Unpriced, string UsageFlags, string ChargeFlags, string? MoreUnits,
    string EffectiveAt, string RecordedAt, long Seq, string? AppInstanceId, string? RuntimeComponent, bool? ControlPlaneComponent,
    string? OperatingMode, string? ControlPlaneScope, string? RuntimeBackend,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Amount? ProviderCost = null)
{
    public static readonly string[] Columns =
    [
        "usage_id", "operation_id", "occurred_at", "org_id", "project_id", "team_id", "key_id", "user_id", "feature",
        "usage_source", "trigger_type", "provider", "model", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
        "reasoning_tokens", CostColumn, "charge", "correlation_id", "trace_id", "basis",
        "attempt_no", "workflow_id", "status_code", "duration_ms", "unpriced", "usage_flags", "charge_flags", "more_units",
        "effective_at", "recorded_at", "seq", "app_instance_id", "runtime_component", "control_plane_component",
        "operating_mode", "control_plane_scope", "runtime_backend",
    ];

    private const string CostColumn = "provider_cost";

    internal static string[] ColumnsFor(Viewer viewer) => viewer == Viewer.Platform ? Columns : [.. Columns.Where(column => column != CostColumn)];

    internal static UsageLine From(UsageRow row, Viewer viewer)
    {
        var (usage, labels, counts) = (row.Usage, row.Usage.Labels, row.Usage.Counts);
        return new(
            usage.Id.ToString(), usage.OperationId, usage.OccurredAt.ToString(), labels.Org, labels.Project, labels.Team, labels.Key, usage.EndUser,
            labels.Feature,
            SnakeCase.Of(labels.Source), labels.Trigger, labels.Provider, labels.Model, counts.InputTokens, counts.CacheReadTokens, counts.CacheWriteTokens,
            counts.OutputTokens, counts.ReasoningTokens, row.Charge, usage.CorrelationId, usage.TraceId,
            SnakeCase.Of(usage.Basis),
            usage.AttemptNo, usage.WorkflowId, usage.StatusCode, usage.DurationMs, row.Flags.HasFlag(Core.Ledger.ChargeFlags.Unpriced),
            Flags(usage.Flags, usage.Flags == 0), Flags(row.Flags, row.Flags == 0), counts.More, row.EffectiveAt.ToString(), row.RecordedAt.ToString(), row.Seq,
            labels.Runtime?.AppInstance, labels.Runtime?.Component, labels.Runtime?.IsControlPlane, labels.Runtime?.OperatingMode,
            labels.Runtime?.ControlPlaneScope, labels.Runtime?.Backend, viewer == Viewer.Platform ? row.ProviderCost : null);
    }

    /// <summary>In the order of <see cref="ColumnsFor"/>.</summary>
    public IEnumerable<string?> Fields()
    {
        yield return UsageId;
        yield return OperationId;
        yield return OccurredAt;
        yield return OrgId;
        yield return ProjectId;
        yield return TeamId;
        yield return KeyId;
        yield return UserId;
        yield return Feature;
        yield return UsageSource;
        yield return TriggerType;
        yield return Provider;
        yield return Model;
        foreach (var tokens in new[] { InputTokens, CacheReadTokens, CacheWriteTokens, OutputTokens, ReasoningTokens }) yield return Text(tokens);
        if (ProviderCost is { } cost) yield return cost.ToString();
        yield return Charge.ToString();
        yield return CorrelationId;
        yield return TraceId;
        yield return Basis;
        yield return Text(AttemptNo);
        yield return WorkflowId;
        yield return Text(StatusCode);
        yield return Text(DurationMs);
        yield return Unpriced ? "true" : "false";
        yield return UsageFlags;
        yield return ChargeFlags;
        yield return MoreUnits;
        yield return EffectiveAt;
        yield return RecordedAt;
        yield return Text(Seq);
        yield return AppInstanceId;
        yield return RuntimeComponent;
        yield return ControlPlaneComponent switch { null => null, true => "true", false => "false" };
        yield return OperatingMode;
        yield return ControlPlaneScope;
        yield return RuntimeBackend;
    }

    private static string Flags<T>(T value, bool none)
        where T : struct, Enum => none ? "" : string.Join(' ', value.ToString().Split(", ").Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
