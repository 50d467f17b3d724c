using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Server.Http;

namespace Tieout.Server.Spike.Mitigations;

/// <param name="Scope">Default: every request of the org.</param>
/// <param name="Rule">Which members count is the kind's; see the reference.</param>
/// <param name="Owner">The person or team that answers for it.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="ExpiresInSeconds">From 60 to 2,592,000 (30 days).</param>
public sealed record SetMitigationBody(
    MitigationKind Kind, string Owner, string Reason, int ExpiresInSeconds, MitigationScope? Scope = null, MitigationRuleBody? Rule = null);

/// <inheritdoc cref="MitigationRule"/>
/// <param name="Limit">cost_cap: the most that an hour may cost, in the org's asset.</param>
public sealed record MitigationRuleBody(
    int? Requests = null, int? PeriodSeconds = null, long? OutputTokens = null, IReadOnlyDictionary<string, string>? Models = null, Amount? Limit = null,
    int? Percent = null, int? Floor = null, int? Failures = null, int? OpenSeconds = null, int? Retries = null, string? Tool = null,
    int? WaitSeconds = null, int? Messages = null, int? ContextTokens = null, int? Block = null)
{
    internal static MitigationRuleBody Of(MitigationRule rule) => new(
        rule.Requests, rule.PeriodSeconds, rule.OutputTokens, rule.Models, rule.LimitNanos is { } nanos ? new Amount(nanos) : null, rule.Percent, rule.Floor,
        rule.Failures, rule.OpenSeconds, rule.Retries, rule.Tool, rule.WaitSeconds, rule.Messages, rule.ContextTokens, rule.Block);

    internal MitigationRule ToRule() => new(
        Requests, PeriodSeconds, OutputTokens, Models, Limit?.Nanos, Percent, Floor, Failures, OpenSeconds, Retries, Tool, WaitSeconds, Messages, ContextTokens,
        Block);
}

/// <param name="State"><c>in_force</c>, <c>expired</c> or <c>removed</c>.</param>
/// <param name="SetBy">The id of the token that set this version.</param>
/// <param name="EndedBy">The id of the token that removed it, or <c>expiry</c>.</param>
public sealed record MitigationBody(
    string Id, string Org, string State, MitigationKind Kind, MitigationScope Scope, MitigationRuleBody Rule, string Owner, string Reason,
    DateTimeOffset ExpiresAt, int Version, string SetBy, DateTimeOffset SetAt, DateTimeOffset? EndedAt, string? EndedBy)
{
    internal static MitigationBody Of(Mitigation m, DateTimeOffset now) => new(
        m.Id, m.Org, SnakeCase.Of(m.StateAt(now)), m.Kind, m.Scope, MitigationRuleBody.Of(m.Rule), m.Owner, m.Reason, m.ExpiresAt, m.Version, m.SetBy, m.SetAt,
        m.EndedAt, m.EndedBy);
}

public sealed record MitigationListBody(string Org, IReadOnlyList<MitigationBody> Items, long AsOf);

/// <summary>What a mitigation would have done with the requests of a past time.</summary>
/// <param name="Possible">The kind can be replayed; the figures are zero where it cannot.</param>
/// <param name="Requests">Of the org, through the gateway.</param>
/// <param name="Covered">Those that the mitigation is about.</param>
/// <param name="Touched">Those that it would have refused or changed.</param>
/// <param name="Users">End users of the touched requests; without a user, their keys.</param>
/// <param name="Saved">Below zero: the requests would have cost more.</param>
/// <param name="CacheLost">truncate: what the provider's cache that is lost costs. <paramref name="Saved"/> is without it.</param>
/// <param name="SavedPercent">Saved of the org's cost.</param>
/// <param name="PlusMinus">In percentage points, at 95 %; null: fewer than three hours have a cost.</param>
/// <param name="Sentence">The same for people.</param>
/// <param name="Warning">Why it should not be set: it costs more than it saves; null: nothing speaks against it.</param>
public sealed record MitigationPreviewBody(
    string Org, MitigationKind Kind, MitigationScope Scope, MitigationRuleBody Rule, string From, string To, bool Possible, long Requests, long Covered,
    long Touched, long Users, Amount Cost, Amount Saved, Amount CacheLost, decimal SavedPercent, decimal? PlusMinus, string Sentence, string? Warning,
    long AsOf);

/// <summary>At most three mitigations for the causes of a spike, each with its preview.</summary>
/// <param name="Items">Empty: no cause is named, or none of them can be mitigated at the gateway.</param>
public sealed record MitigationSuggestionsBody(string Org, string Verdict, IReadOnlyList<MitigationSuggestionBody> Items, long AsOf);

/// <param name="Cause">The cause that it is against, for example <c>retry_storm</c>.</param>
/// <param name="Why">For people.</param>
public sealed record MitigationSuggestionBody(string Id, string Cause, string Why, MitigationPreviewBody Preview);

/// <summary>The JSON of mitigations in the API: snake_case, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    Converters = [typeof(AmountConverter), typeof(MitigationKindConverter)])]
[JsonSerializable(typeof(MitigationBody))]
[JsonSerializable(typeof(MitigationEffectBody))]
[JsonSerializable(typeof(MitigationListBody))]
[JsonSerializable(typeof(MitigationPreviewBody))]
[JsonSerializable(typeof(MitigationSuggestionsBody))]
[JsonSerializable(typeof(SetMitigationBody))]
public sealed partial class MitigationJson : JsonSerializerContext;
