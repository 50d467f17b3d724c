using System.Text.Json.Serialization;

namespace Tieout.Core.Spike;

/// <summary>What a mitigation does with the requests of its scope. Stored by name.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MitigationKind>))]
public enum MitigationKind
{
    /// <summary>Refuses requests above a number in a period.</summary>
    [JsonStringEnumMemberName("rate_limit")]
    RateLimit,

    /// <summary>Refuses every request.</summary>
    [JsonStringEnumMemberName("off")]
    Off,

    /// <summary>Lowers the limit of output tokens.</summary>
    [JsonStringEnumMemberName("output_cap")]
    OutputCap,

    /// <summary>Sends requests to another model, by a map of names.</summary>
    [JsonStringEnumMemberName("model_map")]
    ModelMap,

    /// <summary>Refuses what would take the cost of an hour above a limit: a hard budget of the ledger while the mitigation is in force.</summary>
    [JsonStringEnumMemberName("cost_cap")]
    CostCap,

    /// <summary>Refuses work that is done again above a part of the work that is done for the first time.</summary>
    [JsonStringEnumMemberName("retry_budget")]
    RetryBudget,

    /// <summary>Answers in the model's place while a tool of a session fails, so that the agent stops.</summary>
    [JsonStringEnumMemberName("tool_breaker")]
    ToolBreaker,

    /// <summary>Lets the newest of several requests of one caller replace those that wait.</summary>
    [JsonStringEnumMemberName("coalesce")]
    Coalesce,

    /// <summary>Cuts the beginning of long conversations off, so that the last messages or a window of tokens go on to the model.</summary>
    [JsonStringEnumMemberName("truncate")]
    Truncate,
}
