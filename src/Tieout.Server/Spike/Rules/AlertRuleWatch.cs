using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Spike;
using Tieout.Server.Outbox;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Spike.Rules;

/// <summary>Judges every alert rule once a minute, by sums of hours and days. Tells once an episode, and when it is over.</summary>
/// <remarks>Hours that are over are read once an hour; the running hour and the one before, whose usage may be late, at every turn. A rule that cannot be
/// judged, as of an org that is too young, keeps its episode as it is.</remarks>
internal sealed partial class AlertRuleWatch(
    ILedger ledger, CurrentAlertRules current, SpikeVerdicts verdicts, AlertBook book, TimeProvider time, OutageLog outages, ILogger<AlertRuleWatch> logger)
    : LeaderWorker(ledger, TimeSpan.FromMinutes(1), time, outages)
{
    public const string Code = "rule";

    private readonly Dictionary<string, AlertRuleHistory> _histories = new(StringComparer.Ordinal);

    private bool _knowsEpisodes;

    protected override ILogger Logger => logger;

    protected override string Work => "alert rules";

    /// <summary>The scope of a rule's episode. The id has no slash, so the scope names one rule.</summary>
    public static string ScopeOf(AlertRule rule) => $"{rule.Org}/{rule.Id}";

    /// <summary>Judges every rule of every org, and ends the episodes of rules that were removed.</summary>
    public Task LookAsync(CancellationToken cancellationToken) => LookAsync(Ledger.Read, cancellationToken);

    /// <param name="read">Where hours are read. A failure is that org's alone: its episodes stay as they are.</param>
    internal async Task LookAsync(IRecountReader read, CancellationToken cancellationToken)
    {
        if (!_knowsEpisodes) await book.RecallAsync(Code, cancellationToken);
        _knowsEpisodes = true;
        var (now, rules) = (Instant.From(Time.GetUtcNow()), current.Get());
        var open = book.Raised(Code).ToHashSet(StringComparer.Ordinal);
        foreach (var group in rules.InUse)
        {
            if (Ledger.Read.Org(group.Key) is { } org) await TryLookAsync(read, org, [.. group], now, open, cancellationToken);
        }

        foreach (var rule in rules.All.Where(rule => rule.RemovedAt is not null && open.Contains(ScopeOf(rule))))
        {
            book.Set(Code, ScopeOf(rule), isRaised: false, 0, 0, new(rule.Org, rule.Id, "The rule was removed."));
        }
    }

    protected override Task LeadAsync(CancellationToken stoppingToken) => LookAsync(stoppingToken);

    protected override void Forget()
    {
        _knowsEpisodes = false;
        _histories.Clear();
    }

    private async Task TryLookAsync(
        IRecountReader read, OrgState org, IReadOnlyList<AlertRule> rules, Instant now, HashSet<string> open, CancellationToken cancellationToken)
    {
        try
        {
            var figures = await ReadAsync(read, org, rules, now, cancellationToken);
            foreach (var rule in rules)
            {
                if (Judge(rule, org, figures, open.Contains(ScopeOf(rule))) is not { } judged) continue;
                var (value, limit) = (AlertRuleWords.Shown(rule, judged.Reading.Value), AlertRuleWords.Shown(rule, judged.Reading.Limit));
                book.Set(Code, ScopeOf(rule), judged.Reading.IsRaised, value, limit, new(rule.Org, rule.Id, judged.Text));
            }
        }
        catch (Exception failure) when (failure is not (StoreUnavailableException or OperationCanceledException))
        {
            LogNotJudged(failure, org.Org.Id);
        }
    }

    private async Task<Figures> ReadAsync(
        IRecountReader read, OrgState org, IReadOnlyList<AlertRule> rules, Instant now, CancellationToken cancellationToken)
    {
        var hour = SpikeRequest.HourOf(now);
        var day = Window.Of(WindowUnit.Day, now, org.Zone);
        var isOfDays = rules.Any(rule => rule.Kind is AlertRuleKind.Threshold && rule.Terms.Period is AlertPeriod.Day);
        var isOfHours = rules.Any(rule =>
            rule.Kind is AlertRuleKind.Ratio || (rule.Kind is AlertRuleKind.Threshold && rule.Terms.Period is not AlertPeriod.Day));
        IReadOnlyList<LabelledLine> hours = isOfHours
            ? await read.SumsAsync(new(org, SpikeRequest.StartOf(hour - 1), SpikeRequest.StartOf(hour + 1), RecountSlot.Hour), cancellationToken) : [];
        IReadOnlyList<LabelledLine> days = isOfDays ? await read.SumsAsync(new(org, day.Start, day.End), cancellationToken) : [];
        return new(now, hour, hours, days, await HistoryAsync(read, org, rules, hour, cancellationToken));
    }

    private async Task<AlertRuleHistory?> HistoryAsync(
        IRecountReader read, OrgState org, IReadOnlyList<AlertRule> rules, long hour, CancellationToken cancellationToken)
    {
        var ratios = rules.Where(rule => rule.Kind is AlertRuleKind.Ratio).ToList();
        var budgets = rules.Any(rule => rule.Kind is AlertRuleKind.Forecast)
            ? Ledger.Read.BudgetStates(org.Org.Id).Where(AlertRuleFigures.IsForecast).ToList() : [];
        if (ratios.Count + budgets.Count == 0) return null;
        if (_histories.TryGetValue(org.Org.Id, out var known) && known.Hour == hour && known.IsOf(ratios, budgets)) return known;
        return _histories[org.Org.Id] = await AlertRuleHistory.ReadAsync(read, org, ratios, budgets, hour, cancellationToken);
    }

    /// <returns>Null: the rule cannot be judged now.</returns>
    private (AlertReading Reading, string Text)? Judge(AlertRule rule, OrgState org, Figures figures, bool isOpen)
    {
        switch (rule.Kind)
        {
            case AlertRuleKind.Threshold:
                var reading = rule.Terms.Period is AlertPeriod.Day
                    ? AlertFigures.Threshold(rule.Terms, AlertRuleFigures.Sum(rule, figures.Day), 0)
                    : AlertFigures.Threshold(rule.Terms, figures.Of(rule, figures.Hour), figures.Of(rule, figures.Hour - 1));
                return (reading, AlertRuleWords.Of(rule, reading));
            case AlertRuleKind.Ratio when figures.History is { } history:
                return AlertRuleFigures.Ratio(rule, history, figures.Hours, org.Zone) is { } ratio ? (ratio, AlertRuleWords.Of(rule, ratio)) : null;
            case AlertRuleKind.Forecast:
                if (figures.History is not { } past || !past.OfBudgets.Any()) return isOpen ? (default, "The budget is gone.") : null;
                var found = AlertRuleFigures.Forecast(rule, past, Ledger.Read.Budgets(org.Org.Id, figures.Now), figures.Now);
                return found is var (budget, forecast) ? (forecast, AlertRuleWords.OfForecast(budget.State.Budget.Id, forecast, budget.Period.End)) : null;
            case AlertRuleKind.Spike when verdicts.Find(org.Org.Id, figures.Hour) is { } timing:
                return (AlertRuleFigures.Spike(rule, timing, isOpen), AlertRuleWords.OfSpike(timing));
            default:
                return null;
        }
    }

    [LoggerMessage(EventId = LogEvents.AlertRuleNotJudged, Level = LogLevel.Error, Message = "The alert rules of org {Org} were not judged. The next minute tries again.")]
    private partial void LogNotJudged(Exception failure, string org);

    /// <param name="Hours">Lines of the running hour and the one before.</param>
    /// <param name="Day">Lines of the running day.</param>
    /// <param name="History">Null: no rule needs it.</param>
    private sealed record Figures(Instant Now, long Hour, IReadOnlyList<LabelledLine> Hours, IReadOnlyList<LabelledLine> Day, AlertRuleHistory? History)
    {
        public Int128 Of(AlertRule rule, long hour) => AlertRuleFigures.Sum(rule, Hours.Where(line => SpikeRequest.HourOf(line.Slot) == hour));
    }
}
