using Tieout.Analysis.Detection;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Spike;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Spike.Rules;

/// <summary>What the rules of one org compare with, of the hours before the running one: read once an hour.</summary>
/// <param name="Hour">The running hour, at whose beginning the hours end.</param>
/// <param name="Since">The first hour in which the org used anything; <see cref="long.MaxValue"/>: it used nothing.</param>
/// <param name="Rules">By the id of the rule, in the versions that the sums are of.</param>
/// <param name="OfBudgets">By the id of the budget.</param>
internal sealed record AlertRuleHistory(
    long Hour, long Since, IReadOnlyDictionary<string, (int Version, AlertHours Hours)> Rules, IReadOnlyDictionary<string, AlertHours> OfBudgets)
{
    /// <summary>A baseline day more than the baseline, so that the running hour has an hour a week before.</summary>
    private const int Days = AlertHours.BaselineDays + 1;

    /// <summary>Reads hours in memory.</summary>
    private const int PieceHours = 24;

    public static async Task<AlertRuleHistory> ReadAsync(
        IRecountReader read, OrgState org, IReadOnlyList<AlertRule> rules, IReadOnlyList<BudgetState> budgets, long hour,
        CancellationToken cancellationToken)
    {
        var (first, since) = (hour - Days * PieceHours, long.MaxValue);
        var ofRules = rules.ToDictionary(
            rule => rule.Id, rule => (rule.Version, Hours: new AlertHours(first, Days * PieceHours)), StringComparer.Ordinal);
        var ofBudgets = budgets.ToDictionary(budget => budget.Budget.Id, _ => new AlertHours(first, Days * PieceHours), StringComparer.Ordinal);
        for (var from = first; from < hour; from += PieceHours)
        {
            var query = new RecountQuery(org, SpikeRequest.StartOf(from), SpikeRequest.StartOf(from + PieceHours), RecountSlot.Hour);
            foreach (var line in await read.SumsAsync(query, cancellationToken))
            {
                var at = SpikeRequest.HourOf(line.Slot);
                since = Math.Min(since, at);
                foreach (var rule in rules.Where(rule => rule.Scope.Covers(line.Labels))) ofRules[rule.Id].Hours.Add(at, AlertRuleFigures.Of(rule, line.Sums));
                foreach (var budget in budgets.Where(budget => budget.Counts(line.Labels, endUser: null)))
                {
                    ofBudgets[budget.Budget.Id].Add(at, line.Sums.Charge.Nanos);
                }
            }
        }

        return new(hour, since, ofRules, ofBudgets);
    }

    /// <summary>Whether the sums are those that these rules and budgets need.</summary>
    public bool IsOf(IReadOnlyList<AlertRule> rules, IReadOnlyList<BudgetState> budgets) =>
        rules.Count == Rules.Count && budgets.Count == OfBudgets.Count && budgets.All(budget => OfBudgets.ContainsKey(budget.Budget.Id))
        && rules.All(rule => Rules.TryGetValue(rule.Id, out var of) && of.Version == rule.Version);
}

/// <summary>How rules stand, from sums of hours and days.</summary>
internal static class AlertRuleFigures
{
    private const int RiseDefault = 20;

    private static readonly string[] VerdictsDefault = ["sustained"];

    public static IReadOnlyList<string> Verdicts(AlertTerms terms) => terms.Verdicts is { Count: > 0 } verdicts ? verdicts : VerdictsDefault;

    /// <summary>In per cent of what is expected.</summary>
    public static int RiseMin(AlertTerms terms) => terms.Percent ?? RiseDefault;

    /// <summary>The figure that a rule sums: nano-units or a count.</summary>
    public static Int128 Of(AlertRule rule, RecountLine sums) => rule.Terms.Measure switch
    {
        AlertMeasure.Tokens => sums.InputTokens + sums.OutputTokens,
        AlertMeasure.Failures => sums.Failures,
        _ => sums.Charge.Nanos,
    };

    public static Int128 Sum(AlertRule rule, IEnumerable<LabelledLine> lines)
    {
        Int128 sum = 0;
        foreach (var line in lines)
        {
            if (rule.Scope.Covers(line.Labels)) sum += Of(rule, line.Sums);
        }

        return sum;
    }

    /// <summary>An hour, or the running one so far, in per cent of its baseline hour; the larger of the two.</summary>
    /// <param name="lines">Of the running hour and the hour before.</param>
    /// <returns>Null: neither has a baseline.</returns>
    public static AlertReading? Ratio(AlertRule rule, AlertRuleHistory history, IReadOnlyList<LabelledLine> lines, TimeZoneInfo zone)
    {
        AlertReading? found = null;
        foreach (var hour in (long[])[history.Hour - 1, history.Hour])
        {
            if (history.Rules[rule.Id].Hours.Baseline(hour, history.Since, Clock) is not { } baseline) continue;
            var sum = Sum(rule, lines.Where(line => SpikeRequest.HourOf(line.Slot) == hour));
            var reading = AlertFigures.Ratio(rule.Terms, sum, baseline);
            if (found is not { } other || (reading.IsRaised, reading.Value).CompareTo((other.IsRaised, other.Value)) > 0) found = reading;
        }

        return found;

        int Clock(long hour) => TimeZoneInfo.ConvertTime(SpikeRequest.StartOf(hour).ToDateTimeOffset(), zone).Hour;
    }

    /// <summary>The budget that is forecast to be furthest above its limit.</summary>
    /// <param name="standings">Windows that contain now.</param>
    /// <returns>Null: the org has no such budget, or is too young.</returns>
    public static (BudgetStanding Budget, AlertReading Reading)? Forecast(
        AlertRule rule, AlertRuleHistory history, IEnumerable<BudgetStanding> standings, Instant now)
    {
        (BudgetStanding Budget, AlertReading Reading)? worst = null;
        foreach (var standing in standings)
        {
            var budget = standing.State.Budget;
            if (budget.Limit is not { } limit || (rule.Terms.Budget is { } id && id != budget.Id)) continue;
            if (!history.OfBudgets.TryGetValue(budget.Id, out var hours)) continue;
            if (hours.ToCome(Hours(now), Hours(standing.Period.End), history.Since) is not { } toCome) continue;
            var reading = AlertFigures.Forecast(rule.Terms, (standing.Posted + standing.Held).Nanos, toCome, limit.Nanos);
            if (worst is not { } other || reading.Value - reading.Limit > other.Reading.Value - other.Reading.Limit) worst = (standing, reading);
        }

        return worst;
    }

    /// <summary>The verdict on an org's cost.</summary>
    /// <param name="isOpen">A sustained rise that pauses looks like one that begins: the episode goes on.</param>
    public static AlertReading Spike(AlertRule rule, SpikeTiming timing, bool isOpen)
    {
        var verdicts = Verdicts(rule.Terms);
        var isNamed = verdicts.Contains(SnakeCase.Of(timing.Verdict)) || (isOpen && timing.Verdict is SpikeVerdict.Rising && verdicts.Contains("sustained"));
        var rise = timing.Actual - timing.Expected;
        var isLarge = rise >= timing.Expected * RiseMin(rule.Terms) / 100 && rise > (double)rule.Terms.Limit;
        return new(isNamed && isLarge, AlertFigures.Figure((Int128)timing.Actual), AlertFigures.Figure((Int128)timing.Expected));
    }

    /// <summary>Whether a forecast can be made: a window of some hours, of usage that hours tell apart.</summary>
    public static bool IsForecast(BudgetState state) =>
        state.Budget is { Limit: not null, Window: WindowUnit.Day or WindowUnit.Week or WindowUnit.Month, Scope.User: null };

    private static double Hours(Instant at) => (double)at.UnixMicros / Instant.MicrosPerHour;
}
