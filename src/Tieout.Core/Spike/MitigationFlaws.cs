using System.Globalization;
using Tieout.Core.Money;
using Tieout.Core.Spike.Truncation;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Spike;

/// <summary>Why a mitigation cannot be set.</summary>
public static class MitigationFlaws
{
    /// <summary>A change's record is named by mitigation and version.</summary>
    private const int NameMax = 64;

    private const int SecondsPerDay = 86_400;

    /// <returns>The first flaw, as one sentence that says what to do; null: the mitigation can be set.</returns>
    public static string? Of(Mitigation mitigation)
    {
        if (!IsName(mitigation.Id)) return $"The id needs 1 to {NameMax} letters, digits or _ . : @ + -, and begins with a letter or digit.";
        if (!Names.IsValid(mitigation.Owner)) return $"The owner '{mitigation.Owner}' is no name: write the person or team that answers for it.";
        if (mitigation.Scope.Flaw() is { } scope) return scope;
        return Foreign(mitigation) is { } foreign
            ? $"A {Text(mitigation.Kind)} has no {foreign}. Leave it out."
            : OfKind(mitigation.Rule, mitigation.Scope, mitigation.Kind);
    }

    /// <summary>The name of the kind, as callers write it.</summary>
    public static string Text(MitigationKind kind) => kind switch
    {
        MitigationKind.RateLimit => "rate_limit",
        MitigationKind.Off => "off",
        MitigationKind.OutputCap => "output_cap",
        MitigationKind.ModelMap => "model_map",
        MitigationKind.CostCap => "cost_cap",
        MitigationKind.RetryBudget => "retry_budget",
        MitigationKind.ToolBreaker => "tool_breaker",
        MitigationKind.Truncate => "truncate",
        _ => "coalesce",
    };

    private static bool IsName(string id) => Names.IsValid(id) && id.Length <= NameMax && !id.Contains('/', StringComparison.Ordinal);

    private static string? OfKind(MitigationRule rule, MitigationScope scope, MitigationKind kind) => kind switch
    {
        MitigationKind.RateLimit => Required(rule.Requests, "requests", 1, MitigationRule.RequestsMax) ?? Within(rule.PeriodSeconds, "period_seconds", 1, SecondsPerDay),
        MitigationKind.Off => scope == MitigationScope.Whole ? "Name what is switched off: a feature, team, key, model, trigger or user." : null,
        MitigationKind.OutputCap => Required(rule.OutputTokens, "output_tokens", MitigationRule.OutputTokensMin, 1_000_000_000),
        MitigationKind.ModelMap => OfModels(rule.Models, scope),
        MitigationKind.CostCap => OfCap(rule.LimitNanos, scope),
        MitigationKind.RetryBudget => Within(rule.Percent, "percent", 0, 1_000) ?? Within(rule.Floor, "floor", 0, MitigationRule.RequestsMax),
        MitigationKind.ToolBreaker => Within(rule.Failures, "failures", 1, 100) ?? Within(rule.OpenSeconds, "open_seconds", 1, SecondsPerDay)
            ?? Within(rule.Retries, "retries", 0, 100),
        MitigationKind.Truncate => OfWindow(rule),
        _ => Within(rule.WaitSeconds, "wait_seconds", 1, 120),
    };

    /// <summary>A member that another kind has; null: there is none. What is ignored silently would look like a limit.</summary>
    private static string? Foreign(Mitigation mitigation)
    {
        var (rule, kind) = (mitigation.Rule, mitigation.Kind);
        return Misplaced(rule.Requests, MitigationKind.RateLimit, "requests") ?? Misplaced(rule.PeriodSeconds, MitigationKind.RateLimit, "period_seconds")
            ?? Misplaced(rule.OutputTokens, MitigationKind.OutputCap, "output_tokens") ?? Misplaced(rule.Models, MitigationKind.ModelMap, "models")
            ?? Misplaced(rule.LimitNanos, MitigationKind.CostCap, "limit") ?? Misplaced(rule.Percent, MitigationKind.RetryBudget, "percent")
            ?? Misplaced(rule.Floor, MitigationKind.RetryBudget, "floor") ?? Misplaced(rule.Failures, MitigationKind.ToolBreaker, "failures")
            ?? Misplaced(rule.OpenSeconds, MitigationKind.ToolBreaker, "open_seconds") ?? Misplaced(rule.Retries, MitigationKind.ToolBreaker, "retries")
            ?? Misplaced(rule.Tool, MitigationKind.ToolBreaker, "tool") ?? Misplaced(rule.WaitSeconds, MitigationKind.Coalesce, "wait_seconds")
            ?? Misplaced(rule.Messages, MitigationKind.Truncate, "messages") ?? Misplaced(rule.ContextTokens, MitigationKind.Truncate, "context_tokens")
            ?? Misplaced(rule.Block, MitigationKind.Truncate, "block");

        string? Misplaced(object? value, MitigationKind its, string name) => value is not null && kind != its ? name : null;
    }

    private static string? OfModels(IReadOnlyDictionary<string, string>? models, MitigationScope scope)
    {
        if (scope.Model is not null) return "The map names the models already. Leave the scope's model out.";
        if (models is null || models.Count is 0 or > MitigationRule.ModelsMax)
        {
            return $"models needs 1 to {MitigationRule.ModelsMax} pairs, such as {{\"gpt-4o\":\"gpt-4o-mini\"}}.";
        }

        foreach (var (from, to) in models)
        {
            if (!Names.IsValid(from) || !Names.IsValid(to)) return $"'{from}' to '{to}' are not two names of models.";
            if (models.ContainsKey(to)) return $"The map leads on from '{to}'. Map '{from}' to the last model at once.";
        }

        return null;
    }

    private static string? OfCap(Int128? nanos, MitigationScope scope)
    {
        if (nanos is not { } limit) return "limit is required: the most that an hour may cost, for example 25.00.";
        if (limit < 0 || limit > Amount.SumMax.Nanos) return $"The limit {new Amount(limit)} is no limit: write an amount from 0 to {Amount.SumMax}.";
        if (scope.Model is not null || scope.Trigger is not null) return "A cost cap is for a feature, team, key or user, or for the org: budgets do not count models or triggers.";
        return scope.Feature == MitigationScope.Each || scope.Team == MitigationScope.Each || scope.Key == MitigationScope.Each
            ? "Only user may be * in a cost cap." : null;
    }

    private static string? OfWindow(MitigationRule rule)
    {
        if (rule.Messages is null == rule.ContextTokens is null) return "Write either messages or context_tokens, for example messages 20.";

        // A block of the whole window would cut everything but the last turn.
        return rule.ContextTokens is { } tokens
            ? Within(tokens, "context_tokens", ContextWindow.TokensMin, ContextWindow.TokensMax) ?? Within(rule.Block, "block", 1, tokens - 1)
            : Within(rule.Messages, "messages", 1, ContextWindow.MessagesMax) ?? Within(rule.Block, "block", 1, ContextWindow.MessagesMax);
    }

    private static string? Required(long? value, string name, long min, long max) =>
        value is null ? $"{name} is required: a whole number from {Number(min)} to {Number(max)}." : Within(value, name, min, max);

    private static string? Within(long? value, string name, long min, long max) =>
        value is { } number && (number < min || number > max) ? $"{name} is {Number(number)}: write a whole number from {Number(min)} to {Number(max)}." : null;

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
