using Tieout.Core.Money;
using Tieout.Server.Reconciliation;

namespace Tieout.Server.Incidents;

/// <param name="Scope">Null: the answer is a refusal that says what open findings suggest.</param>
/// <param name="From">Null: a day ago.</param>
public sealed record OpenIncidentBody(string Title, string? Scope = null, string? Org = null, string? Project = null, string? AppInstance = null,
    string? From = null, IReadOnlyList<string>? Findings = null);

public sealed record NoteIncidentBody(string Text, string? CorrelationId = null, string? TraceId = null, string? Finding = null);

/// <summary>Which rows to capture now: by usage record, operation or correlation id, or the newest of an app instance.</summary>
public sealed record CaptureBody(string Org, string? Id = null, string? AppInstance = null);

public sealed record CloseIncidentBody(string Cause, string Layer, string FollowUp);

public sealed record IncidentListBody(IReadOnlyList<Incident> Items, long AsOf);

/// <summary>An incident with all that belongs to it.</summary>
/// <param name="Timeline">In order of time.</param>
/// <param name="Impact">What customers see of it, from postings.</param>
/// <param name="Spike">Null: it is not of a cost spike.</param>
public sealed record IncidentBody(
    Incident Incident, IReadOnlyList<TimelineBody> Timeline, IReadOnlyList<ImpactBody> Impact, IReadOnlyList<Evidence> Evidence, long AsOf,
    SpikeIncident? Spike = null);

/// <param name="Kind">opened, changed, note, evidence, finding, correction or closed; of a cost spike also mitigation, escalated, over and follow_up.</param>
/// <param name="CorrelationId">Of what is told of, or of the call that recorded it.</param>
public sealed record TimelineBody(string At, string Kind, string By, string What, string? CorrelationId, string? TraceId);

/// <param name="Charged">Σ charges of its time.</param>
/// <param name="Corrected">What corrections made of them: below zero, given back.</param>
/// <param name="Net">What the customer pays.</param>
public sealed record ImpactBody(string Org, string Asset, string? Project, string? AppInstance, long Attempts, Amount Charged, Amount Corrected, Amount Net);

/// <summary>What open findings suggest that the scope is.</summary>
/// <param name="Reason">In words: what was found, and how many tenants, projects and instances it touches.</param>
public sealed record ScopeSuggestionBody(string Scope, string? Org, string? Project, string? AppInstance, string Reason, int Findings);
