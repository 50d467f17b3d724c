using System.Globalization;
using Tieout.Analysis.Detection;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Server.Http;

namespace Tieout.Server.Spike.Rules;

/// <summary>What rules say and how they stand, in sentences.</summary>
internal static class AlertRuleWords
{
    /// <summary>For example <c>spend of feature=editor above 25 in an hour</c>.</summary>
    public static string Of(AlertRule rule)
    {
        var terms = rule.Terms;
        return rule.Kind switch
        {
            AlertRuleKind.Threshold => $"{Figure(rule)} above {Limit(terms)} in {Period(terms)}",
            AlertRuleKind.Ratio => $"{Figure(rule)} in an hour above {Limit(terms)} and {Percent(terms.Percent ?? 0)} of its baseline hour or more",
            AlertRuleKind.Forecast =>
                $"{(terms.Budget is { } budget ? $"budget {budget}" : "a budget of a day, week or month")} is forecast to exceed {Percent(terms.Percent ?? 100)} of its limit",
            _ => $"the cost is {string.Join(" or ", AlertRuleFigures.Verdicts(terms))}, {Percent(AlertRuleFigures.RiseMin(terms))} above the expected cost or more",
        };
    }

    /// <summary>How a threshold or a ratio stands.</summary>
    public static string Of(AlertRule rule, AlertReading reading) => rule.Kind is AlertRuleKind.Ratio
        ? $"The {Figure(rule)} in an hour is {Percent(reading.Value)} of its baseline hour ({Percent(reading.Limit)} or more is an alert)."
        : $"The {Figure(rule)} is {Value(rule.Terms, reading.Value)} in {Period(rule.Terms)} (above {Value(rule.Terms, reading.Limit)} is an alert).";

    /// <summary>How a forecast stands.</summary>
    public static string OfForecast(string budget, AlertReading reading, Core.Instant end) =>
        $"The budget {budget} is forecast to spend {Money(reading.Value)} by {end} (above {Money(reading.Limit)} is an alert).";

    /// <summary>How a verdict stands.</summary>
    public static string OfSpike(SpikeTiming timing) => timing.HasOnset
        ? $"The cost is {SnakeCase.Of(timing.Verdict)}: {Money((decimal)timing.Actual)} since {SpikeRequest.StartOf(timing.From)}, {Money((decimal)timing.Expected)} was expected."
        : $"The cost is as usual (verdict {SnakeCase.Of(timing.Verdict)}).";

    /// <summary>What is shown for a figure: money in units of the asset.</summary>
    public static decimal Shown(AlertRule rule, decimal figure) =>
        rule.Kind is AlertRuleKind.Forecast or AlertRuleKind.Spike || (rule.Kind is AlertRuleKind.Threshold && rule.Terms.Measure is AlertMeasure.Spend)
        ? Math.Round(figure / Amount.NanosPerUnit, 4) : Math.Round(figure, 4);

    private static string Figure(AlertRule rule)
    {
        var measure = rule.Terms.Measure switch { AlertMeasure.Tokens => "tokens", AlertMeasure.Failures => "failures", _ => "spend" };
        return rule.Scope == AlertScope.Whole ? measure : $"{measure} of {rule.Scope}";
    }

    private static string Limit(AlertTerms terms) => Value(terms, AlertFigures.Figure(terms.Limit));

    private static string Value(AlertTerms terms, decimal figure) => terms.Measure is AlertMeasure.Spend ? Money(figure) : Number(Math.Round(figure));

    private static string Period(AlertTerms terms) => terms.Period is AlertPeriod.Day ? "a day" : "an hour";

    private static string Percent(decimal percent) => $"{Number(Math.Round(percent, 1))} %";

    private static string Money(decimal nanos) => Number(Math.Round(nanos / Amount.NanosPerUnit, 4));

    private static string Number(decimal number) => number.ToString("0.####", CultureInfo.InvariantCulture);
}
