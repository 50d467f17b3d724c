using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Ledger;
using Tieout.Server.Reconciliation;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Incidents;

/// <summary>Incidents as the ledger keeps them: opened, noted, closed, never rewritten.</summary>
internal sealed class IncidentBook(ILedger ledger, TimeProvider time)
{
    /// <summary>Who opens an incident that no person opened.</summary>
    public const string Server = "tieout";

    private const int FindingsShown = 200;

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<Incident>> AllAsync(CancellationToken cancellationToken) =>
        [.. (await ledger.Read.AllRecordsAsync(RecordKind.Incident, "", cancellationToken).Select(row => Parse(row.Body)).ToListAsync(
            cancellationToken)).OrderByDescending(incident => incident.Id, StringComparer.Ordinal)];

    /// <exception cref="ApiRefusedException">There is none.</exception>
    public async Task<Incident> FindAsync(string id, CancellationToken cancellationToken) =>
        await ledger.Read.RecordAsync(new(RecordKind.Incident, "", id), cancellationToken) is { } row
            ? Parse(row.Body) : throw new ApiRefusedException(ApiError.IncidentNotFound, $"The incident '{Inputs.Shown(id)}' does not exist.");

    public Task<Incident> OpenAsync(string title, IncidentScope scope, Instant from, IReadOnlyList<string> findings, AdminCall call) => OpenAsync(
        id => new(id, title, Incident.Open, scope, from.ToString(), Now(), call.Actor.Id, call.Actor.CorrelationId, findings), static _ => [],
        command => ledger.ActAsync(command, call), call.CancellationToken);

    /// <summary>Opens the incident of a cost spike, for the server itself, and announces it.</summary>
    /// <param name="of">The spike by the number of the incident.</param>
    /// <param name="title">Of the spike.</param>
    /// <param name="text">For the people who read the message.</param>
    public Task<Incident> OpenAsync(
        Func<string, SpikeIncident> of, Func<SpikeIncident, string> title, Func<SpikeIncident, string> text, CancellationToken cancellationToken) => OpenAsync(
        id =>
        {
            var spike = of(id);
            return new(id, title(spike), Incident.Open, new("tenant", spike.Org), spike.Onset, Now(), Server, null, []);
        },
        incident => [Change(of(incident.Id), replaces: 0, "opened", new(incident.Id, incident.Scope.Org!, incident.Title, text(of(incident.Id))))],
        command => ledger.SubmitAsync(command, cancellationToken).AsTask(), cancellationToken);

    /// <summary>What the incidents of cost spikes say, with the numbers of the records.</summary>
    public async Task<IReadOnlyList<(SpikeIncident Spike, long Seq)>> SpikesAsync(CancellationToken cancellationToken) =>
        await ledger.Read.AllRecordsAsync(RecordKind.SpikeIncident, "", cancellationToken).Select(row => (SpikeIncident.Parse(row.Body), row.Seq))
            .ToListAsync(cancellationToken);

    /// <summary>Null: the incident is not of a cost spike.</summary>
    public async Task<(SpikeIncident Spike, long Seq)?> FindSpikeAsync(string id, CancellationToken cancellationToken) =>
        await ledger.Read.RecordAsync(new(RecordKind.SpikeIncident, "", id), cancellationToken) is { } row ? (SpikeIncident.Parse(row.Body), row.Seq) : null;

    /// <summary>A command that replaces what an incident of a spike says, and announces it.</summary>
    /// <param name="replaces">Number of the record that was read: if there is a newer one, the command is refused.</param>
    /// <param name="step">Of the message's type, for example <c>escalated</c>; null: nothing is announced.</param>
    public static Command.AddRecord Change(SpikeIncident spike, long replaces, string? step = null, IncidentMessage? message = null) =>
        new(RecordKind.SpikeIncident, "", spike.Incident, spike.ToJson(), Once: false)
        {
            Replaces = replaces,
            Announcement = message is null ? null : new(new RecordMessage(
                $"incident/{spike.Incident}/{step}", $"incident.{step}", JsonSerializer.Serialize(message, IncidentJson.Default.IncidentMessage))),
        };

    private async Task<Incident> OpenAsync(
        Func<string, Incident> of, Func<Incident, IEnumerable<Command>> beside, Func<Command, Task<Outcome>> submit, CancellationToken cancellationToken)
    {
        var turns = new NumberTurns();
        while (true)
        {
            turns.Begin();
            var id = Incident.Numbers.After(await ledger.Read.AllRecordsAsync(RecordKind.Incident, "", cancellationToken).CountAsync(cancellationToken));
            var incident = of(id);

            // The first row takes the number, since it counts once; what the incident says may be replaced later.
            var outcome = await submit(new Command.Together("", [
                new Command.AddRecord(RecordKind.IncidentNote, "", $"{id}/opened", Json(incident), Once: true),
                new Command.AddRecord(RecordKind.Incident, "", incident.Id, Json(incident), Once: false),
                .. beside(incident),
            ]));
            if (outcome is Outcome.Refused { Reason: Refusal.IdReused }) continue;
            outcome.OrThrow();
            return incident;
        }
    }

    public async Task NoteAsync(string id, IncidentNote note, AdminCall call)
    {
        await FindAsync(id, call.CancellationToken);
        var name = $"{id}/note/{Guid.CreateVersion7():n}";
        (await ledger.ActAsync(new Command.AddRecord(
            RecordKind.IncidentNote, "", name, JsonSerializer.Serialize(note, IncidentJson.Default.IncidentNote), Once: true), call)).OrThrow();
    }

    /// <exception cref="ApiRefusedException">It is closed already.</exception>
    public async Task<Incident> CloseAsync(string id, string cause, string layer, string followUp, AdminCall call)
    {
        var incident = await FindAsync(id, call.CancellationToken);
        if (incident.Status == Incident.Closed)
        {
            throw new ApiRefusedException(ApiError.IncidentClosed, $"{id} was closed at {incident.ClosedAt} by {incident.ClosedBy}. Open a new incident.");
        }

        var closed = incident with { Status = Incident.Closed, ClosedAt = Now(), ClosedBy = call.Actor.Id, Cause = cause, Layer = layer, FollowUp = followUp };
        await SaveAsync(closed, call);
        return closed;
    }

    public async Task<IncidentBody> BodyAsync(string id, CancellationToken cancellationToken)
    {
        var (asOf, incident) = (ledger.Read.AsOf, await FindAsync(id, cancellationToken));
        var evidence = await EvidenceOfAsync(incident, cancellationToken);
        var findings = await FindingsAsync(incident, cancellationToken);
        var notes = await ledger.Read.AllRecordsAsync(RecordKind.IncidentNote, "", $"{id}/note/", cancellationToken)
            .Select(row => JsonSerializer.Deserialize(row.Body, IncidentJson.Default.IncidentNote)!).ToListAsync(cancellationToken);
        var spike = (await FindSpikeAsync(id, cancellationToken))?.Spike;
        var timeline = Timeline(incident, notes, evidence, findings).Concat(spike?.Timeline() ?? []).OrderBy(line => line.At, StringComparer.Ordinal).ToList();
        return new(incident, timeline, await ImpactAsync(incident, cancellationToken), evidence, asOf, spike);
    }

    private string Now() => Instant.From(time.GetUtcNow()).ToString();

    private async Task SaveAsync(Incident incident, AdminCall call) =>
        (await ledger.ActAsync(new Command.AddRecord(RecordKind.Incident, "", incident.Id, Json(incident), Once: false), call)).OrThrow();

    /// <summary>What was captured within its time and scope, or for one of its findings.</summary>
    private async Task<List<Evidence>> EvidenceOfAsync(Incident incident, CancellationToken cancellationToken)
    {
        List<Evidence> found = [];
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.Evidence, org: null, cancellationToken))
        {
            if (!InTime(incident, row.RecordedAt)) continue;
            var evidence = JsonSerializer.Deserialize(row.Body, EvidenceJson.Default.Evidence)!;
            if (incident.Scope.Covers(evidence.Org, evidence.Project, evidence.AppInstance)
                || (evidence.Finding is { } finding && incident.Findings.Contains(finding)))
            {
                found.Add(evidence);
            }
        }

        return [.. found.OrderBy(evidence => evidence.At, StringComparer.Ordinal)];
    }

    /// <summary>Findings of its time and scope. One about no usage has no project or instance, so it is of its tenant.</summary>
    private async Task<List<(FindingRow Row, FindingPlace Place)>> FindingsAsync(Incident incident, CancellationToken cancellationToken)
    {
        List<(FindingRow, FindingPlace)> found = [];
        foreach (var row in (await ledger.Read.FindingsAsync(incident.Scope.Org, FindingsShown, cancellationToken)).Where(
            row => InTime(incident, row.RecordedAt)))
        {
            var place = await FindingPlace.OfAsync(ledger, row, cancellationToken);
            if (place.HasLabels ? incident.Scope.Covers(row.Org, place.Project, place.AppInstance) : incident.Scope.Kind is "tenant" or "broad")
            {
                found.Add((row, place));
            }
        }

        return found;
    }

    private static IEnumerable<TimelineBody> Timeline(
        Incident incident, IReadOnlyList<IncidentNote> notes, IReadOnlyList<Evidence> evidence, IReadOnlyList<(FindingRow Row, FindingPlace Place)> findings)
    {
        yield return new(
            incident.OpenedAt, "opened", incident.OpenedBy, $"{incident.Title}; scope {incident.Scope}, from {incident.From}", incident.CorrelationId, null);
        foreach (var note in notes)
        {
            yield return new(
                note.At, "note", note.By, note.Finding is null ? note.Text : $"{note.Text} (finding {note.Finding})", note.CorrelationId, note.TraceId);
        }

        foreach (var (row, place) in findings) yield return new(
            row.RecordedAt.ToString(), "finding", "tieout", $"{row.Code} ({row.Code.Severity}) of {row.Org}: {place.What}", place.CorrelationId, null);
        foreach (var item in evidence)
        {
            var about = item.Finding is null ? "" : $" {item.Code ?? "a finding"} {item.Finding}";
            var trace = item.UsageRecords.Select(usage => usage.TraceId).FirstOrDefault(id => id is not null);
            yield return new(
                item.At, item.Phase == "after" ? "correction" : "evidence", item.By,
                $"{item.Phase}{about}: {item.UsageRecords.Count} usage records, {item.LedgerEntries.Count} ledger entries{(item.Instance is null ? "" : $", instance {item.AppInstance}")}{(item.Truncated ? "; there are more" : "")} ({item.Id})",
                item.CorrelationId, trace);
        }

        if (incident.ClosedAt is { } at)
        {
            yield return new(at, "closed", incident.ClosedBy!, $"cause {incident.Cause}; follow-up by {incident.Layer}: {incident.FollowUp}", null, null);
        }
    }

    /// <summary>From postings, as invoices are: what customers were charged in its time and scope, and what corrections made of it.</summary>
    private async Task<List<ImpactBody>> ImpactAsync(Incident incident, CancellationToken cancellationToken)
    {
        var from = Inputs.Time(incident.From, TimeZoneInfo.Utc);
        var to = incident.ClosedAt is { } closed ? Inputs.Time(closed, TimeZoneInfo.Utc) : Instant.From(time.GetUtcNow());
        List<ImpactBody> impact = [];
        foreach (var org in ledger.Read.Orgs.Where(org => incident.Scope.Org is null || org.Org.Id == incident.Scope.Org).OrderBy(
            org => org.Org.Id, StringComparer.Ordinal))
        {
            // The end is included, and so is what counts a moment ahead of this clock.
            var end = to + TimeSpan.FromMinutes(5);
            var lines = await ledger.Read.SumsAsync(new(org, from, end), cancellationToken);
            impact.AddRange(lines.Where(line => incident.Scope.Covers(org.Org.Id, line.Labels.Project, line.Labels.Runtime?.AppInstance))
                .GroupBy(line => (line.Labels.Project, line.Labels.Runtime?.AppInstance))
                .OrderBy(group => group.Key.Project, StringComparer.Ordinal).ThenBy(group => group.Key.AppInstance, StringComparer.Ordinal)
                .Select(group => Line(org.Org, group.Key.Project, group.Key.AppInstance, [.. group.Select(line => line.Sums)])));
        }

        return impact;
    }

    private static ImpactBody Line(Org org, string? project, string? instance, IReadOnlyList<RecountLine> lines)
    {
        var (net, corrected) = (lines.Sum(line => line.Charge), lines.Sum(line => line.Corrections));
        return new(org.Id, org.Asset, project, instance, lines.Sum(line => line.Attempts), net - corrected, corrected, net);
    }

    private static bool InTime(Incident incident, Instant at) =>
        string.CompareOrdinal(at.ToString(), incident.From) >= 0 && (incident.ClosedAt is not { } closed || string.CompareOrdinal(at.ToString(), closed) <= 0);

    private static string Json(Incident incident) => JsonSerializer.Serialize(incident, IncidentJson.Default.Incident);

    private static Incident Parse(string json) =>
        JsonSerializer.Deserialize(json, IncidentJson.Default.Incident) ?? throw new JsonException("An incident is null.");
}
