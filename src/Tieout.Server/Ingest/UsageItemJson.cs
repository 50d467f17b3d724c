using System.Buffers;
using System.Text.Json;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>An item as <c>POST /usage</c> takes it, whichever format it came in.</summary>
internal static class UsageItemJson
{
    public static JsonElement Write(UsageItem item)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id", item.Id);
            json.WriteString("source", item.Source);
            json.WriteString("occurred_at", item.OccurredAt?.ToString());
            foreach (var (name, value) in Texts(item))
            {
                if (value is not null) json.WriteString(name, value);
            }

            json.WriteNumber("attempt", item.AttemptNo);
            json.WriteNumber("duration_ms", item.DurationMs);
            json.WriteNumber("status_code", item.StatusCode);
            WriteCounts(item, json);
            if (item.ProviderCost is { } cost) json.WriteString("provider_cost", cost.ToString());
            if (item.Charge is { } charge) json.WriteString("charge", charge.ToString());
            if (item.Runtime is { } runtime) json.WriteBoolean("control_plane_component", runtime.IsControlPlane);
            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static IEnumerable<(string Name, string? Value)> Texts(UsageItem item) =>
    [
        ("org", item.Org), ("project", item.Project), ("team", item.Team), ("key", item.Key), ("user", item.User), ("feature", item.Feature),
        ("trigger", item.Trigger), ("provider", item.Provider), ("model", item.Model), ("usage_source", SnakeCase.Of(item.UsageSource)),
        ("operation_id", item.OperationId), ("workflow_id", item.WorkflowId), ("correlation_id", item.CorrelationId), ("trace_id", item.TraceId),
        ("app_instance_id", item.Runtime?.AppInstance), ("runtime_component", item.Runtime?.Component), ("operating_mode", item.Runtime?.OperatingMode),
        ("control_plane_scope", item.Runtime?.ControlPlaneScope), ("runtime_backend", item.Runtime?.Backend),
    ];

    private static void WriteCounts(UsageItem item, Utf8JsonWriter json)
    {
        foreach (var (name, count) in ((string, long?)[])
        [
            ("input_tokens", item.InputTokens), ("cache_read_tokens", item.CacheReadTokens), ("cache_write_tokens", item.CacheWriteTokens),
            ("output_tokens", item.OutputTokens), ("reasoning_tokens", item.ReasoningTokens),
        ])
        {
            if (count is { } counted) json.WriteNumber(name, counted);
        }

        if (item.Units is null) return;
        json.WriteStartObject("units");
        foreach (var (name, count) in item.Units) json.WriteNumber(name, count);
        json.WriteEndObject();
    }
}
