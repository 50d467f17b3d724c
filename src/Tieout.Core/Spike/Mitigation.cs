using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Budgets;
using Tieout.Core.Money;

namespace Tieout.Core.Spike;

/// <summary>What a mitigation allows; which member counts is its kind's. Null: the kind's default.</summary>
/// <param name="Requests">rate_limit: requests in a period, from 1 to <see cref="RequestsMax"/>.</param>
/// <param name="PeriodSeconds">rate_limit: length of the period, from 1 to 86,400 s. Default: 60.</param>
/// <param name="OutputTokens">output_cap: the most output tokens of an answer, from <see cref="OutputTokensMin"/>.</param>
/// <param name="Models">model_map: the model that serves, by the model that is asked for.</param>
/// <param name="LimitNanos">cost_cap: the most that an hour may cost, in nano-units of the org's asset.</param>
/// <param name="Percent">retry_budget: repeated work allowed for each 100 requests that are done for the first time. Default: 20.</param>
/// <param name="Floor">retry_budget: repeated requests a minute that are always allowed. Default: 3.</param>
/// <param name="Failures">tool_breaker: failures in a row of one tool in one session that open the breaker. Default: 5.</param>
/// <param name="OpenSeconds">tool_breaker: how long the breaker is open before a probe. Default: 60.</param>
/// <param name="Retries">tool_breaker: the most repetitions of a failed call of a tool with the same arguments. Default: 2.</param>
/// <param name="Tool">tool_breaker: only this tool; null: each.</param>
/// <param name="WaitSeconds">coalesce: the least time between two requests of one caller, from 1 to 120 s. Default: 5.</param>
/// <param name="Messages">truncate: at least so many of the last messages go on, from 1 to 10,000.</param>
/// <param name="ContextTokens">truncate, in place of <paramref name="Messages"/>: about so many tokens of the conversation go on at most, from 1,000.</param>
/// <param name="Block">truncate: how much is cut off at once, in messages or tokens. Default: as many messages as go on, or two fifths of the tokens.</param>
public sealed record MitigationRule(
    int? Requests = null, int? PeriodSeconds = null, long? OutputTokens = null, IReadOnlyDictionary<string, string>? Models = null,
    Int128? LimitNanos = null, int? Percent = null, int? Floor = null, int? Failures = null, int? OpenSeconds = null, int? Retries = null,
    string? Tool = null, int? WaitSeconds = null, int? Messages = null, int? ContextTokens = null, int? Block = null)
{
    /// <summary>Of a rate limit, in one period.</summary>
    public const int RequestsMax = 50_000;

    /// <summary>A shorter answer is of no use to a client, and OpenAI refuses to be asked for it.</summary>
    public const int OutputTokensMin = 16;

    /// <summary>Names in a map of models.</summary>
    public const int ModelsMax = 64;

    /// <summary>The period of a rate limit.</summary>
    [JsonIgnore]
    public TimeSpan Period => TimeSpan.FromSeconds(PeriodSeconds ?? 60);

    /// <summary>The least time between two requests of one caller.</summary>
    [JsonIgnore]
    public TimeSpan Wait => TimeSpan.FromSeconds(WaitSeconds ?? 5);
}

/// <summary>A measure against a rising cost: for a part of an org's requests, for a time (G2).</summary>
/// <param name="Id">Chosen by its owner; unique in the org.</param>
/// <param name="Owner">The person or team that answers for it.</param>
/// <param name="Reason">Why it is set, for people.</param>
/// <param name="ExpiresAt">From then on it is not in force.</param>
/// <param name="Version">From 1, one more with each change.</param>
/// <param name="SetBy">The id of the token that set this version.</param>
/// <param name="EndedAt">When somebody removed it, or the server recorded its expiry; null: neither.</param>
/// <param name="EndedBy">The id of the token that removed it, or <see cref="Expiry"/>.</param>
public sealed record Mitigation(
    string Id, string Org, MitigationKind Kind, MitigationScope Scope, MitigationRule Rule, string Owner, string Reason, DateTimeOffset ExpiresAt,
    int Version, string SetBy, DateTimeOffset SetAt, DateTimeOffset? EndedAt = null, string? EndedBy = null)
{
    /// <summary>Who ends a mitigation whose time is over. No token has this id.</summary>
    public const string Expiry = "expiry";

    /// <summary>A mitigation is short: what is to stay is a limit, a budget or a change of the client.</summary>
    public static readonly TimeSpan LifetimeMax = TimeSpan.FromDays(30);

    /// <summary>The hard budget that a cost cap is while it is in force; null: another kind.</summary>
    /// <param name="timeZone">Of the org. Hours are cut in it.</param>
    public Budget? BudgetIn(string timeZone) => Kind is MitigationKind.CostCap
        ? new(BudgetScope, WindowUnit.Hour, new Amount(Rule.LimitNanos ?? 0), Hard: true, timeZone, Budget.DefaultThresholds) : null;

    /// <summary>The same budget without a limit, for the time after: budgets are never deleted.</summary>
    /// <param name="timeZone">Of the org.</param>
    public Budget? LiftedIn(string timeZone) => BudgetIn(timeZone) is { } budget ? budget with { Limit = null, Hard = false, Thresholds = [] } : null;

    private BudgetScope BudgetScope => new(Org, Team: Scope.Team, Key: Scope.Key, User: Scope.User, Feature: Scope.Feature);

    /// <summary>How the mitigation is at a time.</summary>
    public MitigationState StateAt(DateTimeOffset now) =>
        EndedBy is not null and not Expiry ? MitigationState.Removed
        : now >= ExpiresAt || EndedAt is not null ? MitigationState.Expired
        : MitigationState.InForce;

    /// <summary>The text that is stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, MitigationJson.Default.Mitigation);

    /// <exception cref="JsonException">Not a mitigation's JSON.</exception>
    public static Mitigation Parse(string json) =>
        JsonSerializer.Deserialize(json, MitigationJson.Default.Mitigation) ?? throw new JsonException("A mitigation is null.");
}

/// <summary>How a mitigation is.</summary>
public enum MitigationState
{
    InForce,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Somebody removed it.</summary>
    Removed,
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Mitigation))]
internal sealed partial class MitigationJson : JsonSerializerContext;
