using System.Text.Json.Serialization;

namespace Tieout.Core.Spike;

/// <summary>What an alert rule looks at. Stored by name.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertRuleKind>))]
public enum AlertRuleKind
{
    /// <summary>The verdict on the org's cost.</summary>
    [JsonStringEnumMemberName("spike")]
    Spike,

    /// <summary>A figure of an hour or a day is above a limit.</summary>
    [JsonStringEnumMemberName("threshold")]
    Threshold,

    /// <summary>A figure of an hour is a multiple of its baseline hour.</summary>
    [JsonStringEnumMemberName("ratio")]
    Ratio,

    /// <summary>A budget would be exceeded before its window ends.</summary>
    [JsonStringEnumMemberName("forecast")]
    Forecast,
}

/// <summary>The figure that a rule compares. Stored by name.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertMeasure>))]
public enum AlertMeasure
{
    /// <summary>Charges and their corrections, in the org's asset.</summary>
    [JsonStringEnumMemberName("spend")]
    Spend,

    /// <summary>Input and output tokens.</summary>
    [JsonStringEnumMemberName("tokens")]
    Tokens,

    /// <summary>Attempts that failed.</summary>
    [JsonStringEnumMemberName("failures")]
    Failures,
}

/// <summary>How long a time a threshold sums. Stored by name.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertPeriod>))]
public enum AlertPeriod
{
    /// <summary>An hour of UTC.</summary>
    [JsonStringEnumMemberName("hour")]
    Hour,

    /// <summary>A day in the org's zone.</summary>
    [JsonStringEnumMemberName("day")]
    Day,
}
