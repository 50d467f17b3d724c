using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Spike;

/// <summary>Which usage of an org an alert rule sums: that which has every label named.</summary>
public sealed record AlertScope(string? Project = null, string? Team = null, string? Key = null, string? Feature = null, string? Model = null)
{
    /// <summary>All usage of the org.</summary>
    public static AlertScope Whole { get; } = new();

    /// <summary>Names and values, in the order in which people read them.</summary>
    [JsonIgnore]
    public IEnumerable<(string Name, string? Value)> Parts =>
        [("project", Project), ("team", Team), ("key", Key), ("feature", Feature), ("model", Model)];

    /// <summary>Whether usage with these labels is summed.</summary>
    public bool Covers(UsageLabels labels) =>
        Fits(Project, labels.Project) && Fits(Team, labels.Team) && Fits(Key, labels.Key) && Fits(Feature, labels.Feature) && Fits(Model, labels.Model);

    /// <summary>The first value that is no name; null: all are.</summary>
    public string? Flaw()
    {
        foreach (var (name, value) in Parts)
        {
            if (value is not null && !Names.IsValid(value)) return $"'{value}' is not a valid {name}: use letters, digits and _ . : @ / + -.";
        }

        return null;
    }

    /// <summary>For example <c>team=red, feature=editor</c>; <c>all</c>: all usage of the org.</summary>
    public override string ToString()
    {
        var parts = string.Join(", ", Parts.Where(part => part.Value is not null).Select(part => $"{part.Name}={part.Value}"));
        return parts.Length == 0 ? "all" : parts;
    }

    private static bool Fits(string? wanted, string? label) => wanted is null || string.Equals(wanted, label, StringComparison.Ordinal);
}

/// <summary>What an alert rule compares. Which members count is the kind's; the others are null.</summary>
/// <param name="Measure">threshold, ratio: the figure.</param>
/// <param name="Period">threshold: of an hour or a day. Default: an hour.</param>
/// <param name="LimitNanos">threshold, ratio of spend: above this, in nano-units of the org's asset. spike: a rise of less since the onset is no alert.</param>
/// <param name="Count">threshold, ratio of tokens or failures: above this.</param>
/// <param name="Percent">ratio: of the baseline hour, from 100. forecast: of the budget's limit, from 1; default: 100. spike: the least rise above what is
/// expected, from 1; default: 20.</param>
/// <param name="Verdicts">spike: <c>rising</c>, <c>sustained</c>, <c>blip</c>. Default: <c>sustained</c>.</param>
/// <param name="Budget">forecast: the budget's id. Default: each budget of a day, week or month.</param>
public sealed record AlertTerms(
    AlertMeasure? Measure = null, AlertPeriod? Period = null, Int128? LimitNanos = null, long? Count = null, int? Percent = null,
    IReadOnlyList<string>? Verdicts = null, string? Budget = null)
{
    /// <summary>The verdicts on a cost that a rule may name.</summary>
    public static IReadOnlyList<string> VerdictsKnown { get; } = ["blip", "rising", "sustained"];

    /// <summary>The figure must be above this: nano-units or a count.</summary>
    [JsonIgnore]
    public Int128 Limit => LimitNanos ?? Count ?? 0;
}

/// <summary>When figures of an org's hours are an alert. The server sends one message when an episode begins and one when it ends.</summary>
/// <param name="Id">Chosen by its owner; unique in the org.</param>
/// <param name="Owner">The person or team that answers for it.</param>
/// <param name="Reason">Why it is set, for people.</param>
/// <param name="Version">From 1, one more with each change.</param>
/// <param name="SetBy">The id of the token that set this version.</param>
/// <param name="RemovedAt">Null: it is in use.</param>
public sealed record AlertRule(
    string Id, string Org, AlertRuleKind Kind, AlertScope Scope, AlertTerms Terms, string Owner, string Reason, int Version, string SetBy,
    DateTimeOffset SetAt, DateTimeOffset? RemovedAt = null)
{
    /// <summary>The text that is stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, AlertRuleJson.Default.AlertRule);

    /// <exception cref="JsonException">Not a rule's JSON.</exception>
    public static AlertRule Parse(string json) =>
        JsonSerializer.Deserialize(json, AlertRuleJson.Default.AlertRule) ?? throw new JsonException("An alert rule is null.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AlertRule))]
internal sealed partial class AlertRuleJson : JsonSerializerContext;
