using System.Globalization;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Incidents;
using Tieout.Server.Outbox;
using Tieout.Server.Spike.Rules;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Spike.FollowUp;

/// <summary>Opens an incident when an org's cost has risen, and goes on with it as the runbook does: links mitigations, escalates where the cost is still
/// rising after one, says when it is over, and reminds of the follow-up.</summary>
/// <remarks>What was said is a record in the commit of its message, so it is said once, whichever node leads.</remarks>
internal sealed partial class SpikeIncidents(
    ILedger ledger, IncidentBook incidents, SpikeRun run, CurrentMitigations mitigations, AlertBook book, TimeProvider time, OutageLog outages,
    ILogger<SpikeIncidents> logger)
    : LeaderWorker(ledger, TimeSpan.FromMinutes(1), time, outages)
{
    /// <summary>The follow-up is a week later: then the weekday and its traffic are the same.</summary>
    private const int FollowUpDays = 7;

    /// <summary>The excess over the usual hour fell by less than a tenth: the cost is still rising.</summary>
    private const decimal FallMin = 0.9m;

    private (long Hour, long Settings, string Raised) _seen;
    private bool _knowsEpisodes;

    protected override ILogger Logger => logger;

    protected override string Work => "incidents of cost spikes";

    /// <summary>Goes on with every incident of a spike.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        if (!_knowsEpisodes) await book.RecallAsync(SpikeWatch.Code, cancellationToken);
        _knowsEpisodes = true;
        var (now, raised) = (Instant.From(Time.GetUtcNow()), book.Raised(SpikeWatch.Code));
        var known = await incidents.SpikesAsync(cancellationToken);
        foreach (var org in raised.Except(known.Where(each => each.Spike.OverAt is null).Select(each => each.Spike.Org), StringComparer.Ordinal))
        {
            await TryAsync(org, () => OpenAsync(org, now, cancellationToken));
        }

        foreach (var (spike, seq) in known)
        {
            await TryAsync(spike.Org, () => GoOnAsync(spike, seq, raised.Contains(spike.Org), now, cancellationToken));
        }
    }

    /// <summary>Looks once an hour, and when a setting or an episode changed.</summary>
    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        var seen = (SpikeRequest.HourOf(Instant.From(Time.GetUtcNow())), Ledger.Read.SettingsVersion, string.Join(' ', book.Raised(SpikeWatch.Code)));
        if (seen == _seen) return;
        await LookAsync(stoppingToken);
        _seen = seen;
    }

    protected override void Forget() => (_seen, _knowsEpisodes) = (default, false);

    private async Task OpenAsync(string name, Instant now, CancellationToken cancellationToken)
    {
        if (Ledger.Read.Org(name) is not { } org) return;
        var report = SpikeReport.Of(await run.RunAsync(SpikeRequest.Of(org, now), cancellationToken), []);
        var cause = report.Causes is [var first, ..] ? first : null;
        var place = cause?.Places is [var where, ..] ? where.Labels : new Dictionary<string, string?>();
        var onset = report.Onset ?? report.From;
        var hours = SpikeRequest.HourOf(now) - SpikeRequest.HourOf(Http.Inputs.Time(onset, TimeZoneInfo.Utc));
        var followUp = LocalTime.DayOf(now, org.Zone).AddDays(FollowUpDays).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        await incidents.OpenAsync(
            id => new(
                id, name, onset, report.Sentence, cause?.Cause, place, report.Expected, report.Actual, [],
                SpikeIncidentText.SuggestedRule($"after-{id}", name, place, SpikeIncidentText.PerHour(report.Expected, hours)), followUp),
            SpikeIncidentText.Title, SpikeIncidentText.Opened, cancellationToken);
    }

    private async Task GoOnAsync(SpikeIncident spike, long seq, bool isRaised, Instant now, CancellationToken cancellationToken)
    {
        if (Ledger.Read.Org(spike.Org) is not { } org) return;
        var incident = await incidents.FindAsync(spike.Incident, cancellationToken);
        if (spike.OverAt is null)
        {
            // A person closed it while the cost is high: it is not another spike, and is left alone until it is over.
            var isOpen = incident.Status == Incident.Open;
            var linked = !isRaised ? spike with { OverAt = now.ToString() } : isOpen ? Linked(spike) : spike;
            if (linked != spike)
            {
                if (!await ChangeAsync(IncidentBook.Change(linked, seq), cancellationToken)) return;
                (spike, seq) = (linked, (await incidents.FindSpikeAsync(spike.Incident, cancellationToken))!.Value.Seq);
            }

            if (isRaised && isOpen && await EscalatedAsync(spike, org, now, cancellationToken) is { } escalated)
            {
                await ChangeAsync(IncidentBook.Change(escalated.Spike, seq, "escalated", Message(incident, escalated.Text)), cancellationToken);
                return;
            }
        }

        // A closed incident has its follow-up still to come.
        var today = LocalTime.DayOf(now, org.Zone).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (spike.RemindedAt is not null || string.CompareOrdinal(today, spike.FollowUpOn) < 0) return;
        var reminder = Message(incident, SpikeIncidentText.FollowUp(spike, incident)) with { FollowUpOn = spike.FollowUpOn };
        await ChangeAsync(IncidentBook.Change(spike with { RemindedAt = now.ToString() }, seq, "follow_up", reminder), cancellationToken);

        IncidentMessage Message(Incident of, string text) => new(of.Id, spike.Org, of.Title, text);
    }

    /// <summary>The incident with the mitigations that were set since its onset, in its scope.</summary>
    private SpikeIncident Linked(SpikeIncident spike)
    {
        var onset = Http.Inputs.Time(spike.Onset, TimeZoneInfo.Utc).ToDateTimeOffset();
        var added = mitigations.Get().All
            .Where(each => each.Org == spike.Org && each.SetAt >= onset && SpikeIncidentText.IsInScope(each.Scope, spike.Place)
                && !spike.Mitigations.Any(known => known.Id == each.Id && known.Version == each.Version))
            .Select(each => new IncidentMitigation(
                each.Id, each.Version, MitigationFlaws.Text(each.Kind), each.Scope.ToString(), Instant.From(each.SetAt).ToString(), each.SetBy))
            .ToList();
        return added.Count == 0 ? spike : spike with { Mitigations = [.. spike.Mitigations, .. added] };
    }

    /// <summary>Whether a whole hour after the newest mitigation is as far above its baseline hour as the last one before: once for each mitigation.</summary>
    private async Task<(SpikeIncident Spike, string Text)?> EscalatedAsync(SpikeIncident spike, OrgState org, Instant now, CancellationToken cancellationToken)
    {
        if (spike.Mitigations is not [.., { EscalatedAt: null } newest]) return null;
        var (set, last) = (SpikeRequest.HourOf(Http.Inputs.Time(newest.At, TimeZoneInfo.Utc)), SpikeRequest.HourOf(now) - 1);
        if (last <= set) return null;
        var whole = new AlertRule("whole", org.Org.Id, AlertRuleKind.Ratio, AlertScope.Whole, new(AlertMeasure.Spend), "", "", 1, "", default);
        var history = await AlertRuleHistory.ReadAsync(Ledger.Read, org, [whole], [], last + 1, cancellationToken);
        var hours = history.Rules[whole.Id].Hours;
        if (Above(set - 1) is not { } before || Above(last) is not (var after, var usual) || after < before.Ratio * FallMin) return null;
        var at = now.ToString();
        var escalated = spike with { EscalatedAt = at, Mitigations = [.. spike.Mitigations.SkipLast(1), newest with { EscalatedAt = at }] };
        return (escalated, SpikeIncidentText.Escalated(spike, newest, SpikeIncidentText.PerHour(new((Int128)usual), 1)));

        (decimal Ratio, decimal Usual)? Above(long hour) => hours.Baseline(hour, history.Since, Clock) is > 0 and var usual
            ? (AlertFigures.Figure(hours[hour]) / usual, usual) : null;

        int Clock(long hour) => TimeZoneInfo.ConvertTime(SpikeRequest.StartOf(hour).ToDateTimeOffset(), org.Zone).Hour;
    }

    /// <returns>False: another node, or a person, changed it. The next turn looks again.</returns>
    private async Task<bool> ChangeAsync(Command.AddRecord change, CancellationToken cancellationToken) =>
        await Ledger.SubmitAsync(change, cancellationToken) is not Outcome.Refused;

    private async Task TryAsync(string org, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception failure) when (failure is not (StoreUnavailableException or OperationCanceledException))
        {
            LogNotDone(failure, org);
        }
    }

    [LoggerMessage(EventId = LogEvents.SpikeIncidentNotDone, Level = LogLevel.Error, Message = "The incident of the cost spike of org {Org} was not opened or continued. The next hour tries again.")]
    private partial void LogNotDone(Exception failure, string org);
}
