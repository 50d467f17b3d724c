using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Server.Http;
using Tieout.Server.Outbox;

namespace Tieout.Server.Spike.Rules;

/// <summary>Which members beside owner and reason count is the kind's; see <see cref="AlertTerms"/>.</summary>
/// <param name="Owner">The person or team that answers for it.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Scope">Default: all usage of the org.</param>
/// <param name="Limit">In the org's asset.</param>
public sealed record SetAlertRuleBody(
    AlertRuleKind Kind, string Owner, string Reason, AlertScope? Scope = null, AlertMeasure? Measure = null, AlertPeriod? Period = null,
    Amount? Limit = null, long? Count = null, int? Percent = null, IReadOnlyList<string>? Verdicts = null, string? Budget = null)
{
    internal AlertTerms Terms() => new(Measure, Period, Limit?.Nanos, Count, Percent, Verdicts, Budget);
}

/// <param name="Text">What the rule says, in one sentence.</param>
/// <param name="SetBy">The id of the token that set this version.</param>
/// <param name="RaisedSince">Since when the alert is open; null: it is not.</param>
public sealed record AlertRuleBody(
    string Id, string Org, AlertRuleKind Kind, AlertScope Scope, AlertMeasure? Measure, AlertPeriod? Period, Amount? Limit, long? Count, int? Percent,
    IReadOnlyList<string>? Verdicts, string? Budget, string Text, string Owner, string Reason, int Version, string SetBy, DateTimeOffset SetAt,
    DateTimeOffset? RemovedAt, string? RaisedSince)
{
    internal static AlertRuleBody Of(AlertRule rule, AlertEpisode? open) => new(
        rule.Id, rule.Org, rule.Kind, rule.Scope, rule.Terms.Measure, rule.Terms.Period, rule.Terms.LimitNanos is { } nanos ? new Amount(nanos) : null,
        rule.Terms.Count, rule.Terms.Percent, rule.Terms.Verdicts, rule.Terms.Budget, AlertRuleWords.Of(rule), rule.Owner, rule.Reason, rule.Version,
        rule.SetBy, rule.SetAt, rule.RemovedAt, open?.Since);
}

public sealed record AlertRuleListBody(string Org, IReadOnlyList<AlertRuleBody> Items, long AsOf);

/// <summary>The JSON of alert rules in the API: snake_case, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    Converters = [typeof(AmountConverter), typeof(AlertRuleKindConverter), typeof(AlertMeasureConverter), typeof(AlertPeriodConverter)])]
[JsonSerializable(typeof(AlertRuleBody))]
[JsonSerializable(typeof(AlertRuleListBody))]
[JsonSerializable(typeof(SetAlertRuleBody))]
public sealed partial class AlertRuleJson : JsonSerializerContext;
