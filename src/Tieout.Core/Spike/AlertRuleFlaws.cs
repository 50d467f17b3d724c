using System.Globalization;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Spike;

/// <summary>Why an alert rule cannot be set.</summary>
public static class AlertRuleFlaws
{
    /// <summary>A change's record is named by rule and version.</summary>
    private const int NameMax = 64;

    private const int PercentMax = 100_000;

    /// <returns>The first flaw, as one sentence that says what to do; null: the rule can be set.</returns>
    public static string? Of(AlertRule rule)
    {
        if (!Names.IsValid(rule.Id) || rule.Id.Length > NameMax || rule.Id.Contains('/', StringComparison.Ordinal))
        {
            return $"The id needs 1 to {NameMax} letters, digits or _ . : @ + -, and begins with a letter or digit.";
        }

        if (!Names.IsValid(rule.Owner)) return $"The owner '{rule.Owner}' is no name: write the person or team that answers for it.";
        if (rule.Scope.Flaw() is { } scope) return scope;
        if (Foreign(rule) is { } foreign) return $"A {Text(rule.Kind)} rule has no {foreign}. Leave it out.";
        return rule.Kind switch
        {
            AlertRuleKind.Spike => OfSpike(rule.Terms, rule.Scope),
            AlertRuleKind.Threshold => OfMeasure(rule.Terms),
            AlertRuleKind.Ratio => Required(rule.Terms.Percent, "percent", 100, PercentMax) ?? OfMeasure(rule.Terms),
            _ => OfForecast(rule.Terms, rule.Scope),
        };
    }

    /// <summary>The name of the kind, as callers write it.</summary>
    public static string Text(AlertRuleKind kind) => kind switch
    {
        AlertRuleKind.Spike => "spike",
        AlertRuleKind.Threshold => "threshold",
        AlertRuleKind.Ratio => "ratio",
        _ => "forecast",
    };

    private static string? OfSpike(AlertTerms terms, AlertScope scope)
    {
        if (scope != AlertScope.Whole) return "A spike rule is for the whole org: 'tieout spike' names the part that rose. Leave the labels out.";
        foreach (var verdict in terms.Verdicts ?? [])
        {
            if (!AlertTerms.VerdictsKnown.Contains(verdict)) return $"'{verdict}' is not a verdict for a rule: use {string.Join(", ", AlertTerms.VerdictsKnown)}.";
        }

        return Within(terms.Percent, "percent", 1, PercentMax) ?? OfLimit(terms.LimitNanos);
    }

    private static string? OfForecast(AlertTerms terms, AlertScope scope)
    {
        if (scope != AlertScope.Whole) return "The budget says what is summed. Leave the labels out.";
        return Within(terms.Percent, "percent", 1, PercentMax);
    }

    /// <summary>Money has a limit, and what is counted has a count.</summary>
    private static string? OfMeasure(AlertTerms terms)
    {
        if (terms.Measure is not { } measure) return "measure is required: spend, tokens or failures.";
        if (measure is AlertMeasure.Spend)
        {
            if (terms.Count is not null) return "Spend is an amount: write limit in place of count.";
            return terms.LimitNanos is null ? "limit is required: an amount in the org's asset, for example 25.00." : OfLimit(terms.LimitNanos);
        }

        return terms.LimitNanos is not null
            ? "Tokens and failures are counted: write count in place of limit." : Required(terms.Count, "count", 0, 1_000_000_000_000_000_000);
    }

    private static string? OfLimit(Int128? nanos) => nanos is { } limit && (limit < 0 || limit > Amount.SumMax.Nanos)
        ? $"The limit {new Amount(limit)} is no limit: write an amount from 0 to {Amount.SumMax}." : null;

    /// <summary>A member that another kind has; null: there is none. What is ignored silently would look like a rule.</summary>
    private static string? Foreign(AlertRule rule)
    {
        var (terms, kind) = (rule.Terms, rule.Kind);
        var isFigure = kind is AlertRuleKind.Threshold or AlertRuleKind.Ratio;
        return Misplaced(terms.Measure, isFigure, "measure") ?? Misplaced(terms.Period, kind is AlertRuleKind.Threshold, "period")
            ?? Misplaced(terms.Count, isFigure, "count") ?? Misplaced(terms.LimitNanos, kind is not AlertRuleKind.Forecast, "limit")
            ?? Misplaced(terms.Percent, kind is not AlertRuleKind.Threshold, "percent") ?? Misplaced(terms.Verdicts, kind is AlertRuleKind.Spike, "verdicts")
            ?? Misplaced(terms.Budget, kind is AlertRuleKind.Forecast, "budget");

        static string? Misplaced(object? value, bool isKinds, string name) => value is not null && !isKinds ? name : null;
    }

    private static string? Required(long? value, string name, long min, long max) =>
        value is null ? $"{name} is required: a whole number from {Number(min)} to {Number(max)}." : Within(value, name, min, max);

    private static string? Within(long? value, string name, long min, long max) =>
        value is { } number && (number < min || number > max) ? $"{name} is {Number(number)}: write a whole number from {Number(min)} to {Number(max)}." : null;

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
