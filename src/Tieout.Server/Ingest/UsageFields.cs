using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>The members that plain records and the data of events have in common, by the names of our own exports.</summary>
internal static class UsageFields
{
    /// <summary>Far more often than anybody tries.</summary>
    private const int AttemptNoMax = 1_000;

    private const int StatusCodeMax = 599;

    /// <returns>False: the name means nothing here, and nothing was read.</returns>
    public static bool TryRead(string name, ref ItemReader json)
    {
        var item = json.Item;
        switch (name)
        {
            case "org" or "org_id" or "tenant_id": item.Org = Once(item.Org, json.Label(name), name, item); break;
            case "envelope": item.Envelope = Once(item.Envelope, json.Text(name), name, item); break;
            case "project" or "project_id": item.Project = Once(item.Project, json.Label(name), name, item); break;
            case "team" or "team_id": item.Team = Once(item.Team, json.Label(name), name, item); break;
            case "key" or "key_id": item.Key = Once(item.Key, json.Label(name), name, item); break;
            case "user" or "user_id": item.User = Once(item.User, json.Text(name), name, item); break;
            case "feature": item.Feature = Once(item.Feature, json.Label(name), name, item); break;
            case "trigger" or "trigger_type": item.Trigger = Once(item.Trigger, json.Label(name), name, item); break;
            case "provider": item.Provider = Once(item.Provider, json.Label(name), name, item); break;
            case "model": item.Model = Once(item.Model, json.Label(name), name, item); break;
            case "operation_id": item.OperationId = Once(item.OperationId, json.Text(name), name, item); break;
            case "workflow_id": item.WorkflowId = Once(item.WorkflowId, json.Text(name), name, item); break;
            case "correlation_id": item.CorrelationId = Once(item.CorrelationId, json.Text(name), name, item); break;
            case "trace_id": item.TraceId = Once(item.TraceId, TraceId(ref json), name, item); break;
            case "usage_source": item.UsageSource = Source(ref json); break;
            case "attempt": item.AttemptNo = (int)Math.Max(1, json.Whole(name, AttemptNoMax) ?? 1); break;
            case "duration_ms": item.DurationMs = (int)(json.Whole(name, int.MaxValue) ?? 0); break;
            case "status_code": item.StatusCode = (int)(json.Whole(name, StatusCodeMax) ?? 200); break;
            case "provider_cost": item.ProviderCost = Once(item.ProviderCost, json.Money(name), name, item); break;
            case "charge": item.Charge = Once(item.Charge, json.Money(name), name, item); break;
            case "input_tokens": item.InputTokens = Once(item.InputTokens, json.Count(name), name, item); break;
            case "cache_read_tokens": item.CacheReadTokens = Once(item.CacheReadTokens, json.Count(name), name, item); break;
            case "cache_write_tokens": item.CacheWriteTokens = Once(item.CacheWriteTokens, json.Count(name), name, item); break;
            case "output_tokens": item.OutputTokens = Once(item.OutputTokens, json.Count(name), name, item); break;
            case "reasoning_tokens": item.ReasoningTokens = Once(item.ReasoningTokens, json.Count(name), name, item); break;
            case "units": Units(ref json); break;
            default: return TryReadRuntime(name, ref json);
        }

        return true;
    }

    /// <summary>The members of usage of a runtime. One that is null says nothing: exports have it on every row.</summary>
    private static bool TryReadRuntime(string name, ref ItemReader json)
    {
        var item = json.Item;
        if (name is not ("app_instance_id" or "runtime_component" or "control_plane_component" or "operating_mode" or "control_plane_scope"
            or "runtime_backend"))
        {
            return false;
        }

        if (json.IsNull) return true;
        var before = item.Runtime ?? new(null, null, IsControlPlane: false, null, null, null);
        item.Runtime = name switch
        {
            "app_instance_id" => before with { AppInstance = Once(before.AppInstance, json.Label(name), name, item) },
            "runtime_component" => before with { Component = Once(before.Component, json.Label(name), name, item) },
            "operating_mode" => before with { OperatingMode = Once(before.OperatingMode, json.Label(name), name, item) },
            "control_plane_scope" => before with { ControlPlaneScope = Once(before.ControlPlaneScope, json.Label(name), name, item) },
            "runtime_backend" => before with { Backend = Once(before.Backend, json.Label(name), name, item) },
            _ => before with { IsControlPlane = Flag(ref json, name) },
        };
        return true;
    }

    private static bool Flag(ref ItemReader json, string name)
    {
        if (json.Json.TokenType is JsonTokenType.True or JsonTokenType.False) return json.Json.TokenType is JsonTokenType.True;
        json.Item.Refuse(ApiError.ItemInvalid, $"{name} must be true or false.");
        return false;
    }

    /// <summary>A member that comes twice means two things; which of them was meant is not ours to choose.</summary>
    public static T? Once<T>(T? before, T? read, string name, UsageItem item)
        where T : class
    {
        if (before is not null) item.Refuse(ApiError.ItemInvalid, $"{name} occurs twice. Send it once.");
        return read;
    }

    /// <inheritdoc cref="Once{T}(T?, T?, string, UsageItem)"/>
    public static T? Once<T>(T? before, T? read, string name, UsageItem item)
        where T : struct
    {
        if (before is not null) item.Refuse(ApiError.ItemInvalid, $"{name} occurs twice. Send it once.");
        return read;
    }

    private static string? TraceId(ref ItemReader json)
    {
        if (json.Text("trace_id") is not { } text) return null;
        if (HexIds.Trace(text) is { } id) return id;
        json.Item.Refuse(ApiError.ItemInvalid, "trace_id must be 32 hexadecimal digits, not all zero.");
        return null;
    }

    private static UsageSource Source(ref ItemReader json)
    {
        switch (json.Text("usage_source"))
        {
            case null or "import": return UsageSource.Import;
            case "allocation": return UsageSource.Allocation;
            case "app_runtime": return UsageSource.AppRuntime;
            case "tool_call": return UsageSource.ToolCall;
            default:
                json.Item.Refuse(
                    ApiError.ItemInvalid, "usage_source must be allocation, app_runtime, tool_call or import; what passes the gateway is measured there.");
                return UsageSource.Import;
        }
    }

    private static void Units(ref ItemReader json)
    {
        var item = json.Item;
        if (json.IsNull) return;
        if (!json.IsObject)
        {
            item.Refuse(ApiError.ItemInvalid, "units must be an object of counts by the name of their unit.");
            return;
        }

        var units = new ItemReader(json.Json, item);
        while (units.Next(out var name))
        {
            var unit = UsageUnits.Find(name);
            if (unit is null || IsMember(unit))
            {
                item.Refuse(ApiError.ItemInvalid,
                    unit is null ? $"units: '{Inputs.Shown(name)}' is not a unit of usage." : $"units: '{name}' has a member of its own.");
                return;
            }

            if (units.Count($"units.{name}") is { } count) AddUnit(item, unit, count);
        }
    }

    public static void AddUnit(UsageItem item, UsageUnit unit, long count)
    {
        item.Units ??= new(StringComparer.Ordinal);
        if (!item.Units.TryAdd(unit.Name, count)) item.Refuse(ApiError.ItemInvalid, $"units: '{unit}' occurs twice. Send it once.");
    }

    /// <summary>The provider's own figure is a unit of records too, but it is money: it has its member and who may state it.</summary>
    private static bool IsMember(UsageUnit unit) =>
        unit == UsageUnits.InputTokens || unit == UsageUnits.CacheReadTokens || unit == UsageUnits.CacheWriteTokens
        || unit == UsageUnits.OutputTokens || unit == UsageUnits.ReasoningTokens || unit == UsageUnits.ReportedCost;
}
