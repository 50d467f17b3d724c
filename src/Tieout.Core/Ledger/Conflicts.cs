using System.Text.Json;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>In what a command differs from the one that is recorded under its id (L3): the first field, by its name in the API; null: in nothing, so it is a
/// replay.</summary>
internal static class Conflicts
{
    /// <summary>For what has no name of its own.</summary>
    private const string Content = "content";

    /// <summary>The field in which two JSON objects differ.</summary>
    public static string? Of(string recorded, string asked)
    {
        if (string.Equals(recorded, asked, StringComparison.Ordinal)) return null;
        if (!Details.IsObject(recorded) || !Details.IsObject(asked)) return Content;
        using var before = JsonDocument.Parse(recorded);
        using var after = JsonDocument.Parse(asked);
        return Missing(after.RootElement, before.RootElement) ?? Missing(before.RootElement, after.RootElement) ?? Content;
    }

    /// <param name="placed">Null: the id is of an attempt that had no hold.</param>
    public static string? Of(Hold? placed, Command.PlaceHold asked)
    {
        if (placed is null) return "hold";
        if (placed.Amount != asked.Amount) return "amount";
        if (placed.ExpiresAt != placed.HeldAt + asked.Lifetime) return "lifetime";
        if (Of(placed.Scope, asked.Labels) is { } label) return label;
        if (!UsageLabels.Covers(placed.EndUser, asked.EndUser)) return "user_id";
        return string.Equals(placed.OperationId, asked.OperationId, StringComparison.Ordinal) ? null : "operation_id";
    }

    /// <summary>Labels and end user may have been replaced when the record was made (<see cref="LabelRules"/>).</summary>
    /// <param name="charged">Null: the id is of a hold that nothing is charged for.</param>
    public static string? Of(UsageRow? charged, PricedUsage asked)
    {
        if (charged is null) return "hold";
        var (before, after) = (charged.Usage, asked.Usage);
        if (before != after)
        {
            if (Of(before.Labels, after.Labels) is { } label) return label;
            if (!UsageLabels.Covers(before.EndUser, after.EndUser)) return "user_id";
            if (before with { Labels = after.Labels, EndUser = after.EndUser } != after) return Measured(before, after);
        }

        if (charged.Charge != asked.Charge) return "charge";
        return charged.ProviderCost == asked.ProviderCost ? null : "provider_cost";
    }

    public static string? Of(ProviderObject recorded, ProviderObject asked) =>
        recorded == asked ? null
        : recorded.Key != asked.Key ? "key"
        : recorded.Attempt != asked.Attempt ? "usage_id"
        : recorded.OperationId != asked.OperationId ? "operation_id"
        : recorded.IsPending != asked.IsPending ? "pending"
        : Of(recorded.Body, asked.Body) ?? Content;

    /// <summary>When it expires and what it moves follow from the moment of the first proposal.</summary>
    public static string? Of(Proposal recorded, Proposal asked) =>
        recorded.By != asked.By || recorded.Person != asked.Person ? "by"
        : recorded.Reason != asked.Reason ? "reason"
        : Of(recorded.Content, asked.Content);

    private static string? Of(UsageLabels recorded, UsageLabels asked)
    {
        if (recorded.Equals(asked) || recorded.Covers(asked)) return null;
        ReadOnlySpan<(string Name, string? Recorded, string? Asked)> labels =
        [
            ("project", recorded.Project, asked.Project), ("team", recorded.Team, asked.Team), ("key", recorded.Key, asked.Key),
            ("feature", recorded.Feature, asked.Feature),
            ("provider", recorded.Provider, asked.Provider), ("model", recorded.Model, asked.Model), ("trigger", recorded.Trigger, asked.Trigger),
        ];
        if (!string.Equals(recorded.Org, asked.Org, StringComparison.Ordinal)) return "org";
        foreach (var (name, before, after) in labels)
        {
            if (!UsageLabels.Covers(before, after)) return name;
        }

        return recorded.Source == asked.Source ? "runtime" : "source";
    }

    private static string Measured(UsageRecord recorded, UsageRecord asked) =>
        recorded.OperationId != asked.OperationId ? "operation_id"
        : recorded.AttemptNo != asked.AttemptNo ? "attempt_no"
        : recorded.WorkflowId != asked.WorkflowId ? "workflow_id"
        : recorded.CorrelationId != asked.CorrelationId ? "correlation_id"
        : recorded.TraceId != asked.TraceId ? "trace_id"
        : recorded.OccurredAt != asked.OccurredAt ? "occurred_at"
        : recorded.DurationMs != asked.DurationMs ? "duration_ms"
        : recorded.StatusCode != asked.StatusCode ? "status_code"
        : recorded.Counts != asked.Counts ? "counts"
        : recorded.Basis != asked.Basis ? "basis"
        : "flags";

    /// <summary>The first member of an object that another has not, or has with another value.</summary>
    private static string? Missing(JsonElement from, JsonElement other)
    {
        foreach (var member in from.EnumerateObject())
        {
            if (!other.TryGetProperty(member.Name, out var value) || !JsonElement.DeepEquals(value, member.Value)) return member.Name;
        }

        return null;
    }
}
