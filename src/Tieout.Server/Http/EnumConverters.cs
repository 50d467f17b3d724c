using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Budgets;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Http;

/// <summary>prepaid, postpaid.</summary>
internal sealed class BillingModeConverter() : JsonStringEnumConverter<BillingMode>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>viewer, operator, finance, admin.</summary>
internal sealed class AdminRoleConverter() : JsonStringEnumConverter<AdminRole>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>rate_limit, off, output_cap, model_map, cost_cap, retry_budget, tool_breaker, coalesce.</summary>
internal sealed class MitigationKindConverter() : JsonStringEnumConverter<MitigationKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>minute, hour, day, week, month, total.</summary>
internal sealed class WindowUnitConverter() : JsonStringEnumConverter<WindowUnit>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>spike, threshold, ratio, forecast.</summary>
internal sealed class AlertRuleKindConverter() : JsonStringEnumConverter<AlertRuleKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>spend, tokens, failures.</summary>
internal sealed class AlertMeasureConverter() : JsonStringEnumConverter<AlertMeasure>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>hour, day.</summary>
internal sealed class AlertPeriodConverter() : JsonStringEnumConverter<AlertPeriod>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
