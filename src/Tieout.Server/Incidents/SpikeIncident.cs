using System.Text.Json;
using Tieout.Core.Money;

namespace Tieout.Server.Incidents;

/// <summary>What an incident of a cost spike says beside the incident: the server opens it when the rise is sustained, and goes on with it.</summary>
/// <param name="Onset">The first hour above the usual.</param>
/// <param name="Sentence">The most likely cause, or that none is named.</param>
/// <param name="Cause">For example <c>retry_storm</c>; null: none is named.</param>
/// <param name="Place">Labels of the part that rose; empty: everything.</param>
/// <param name="Expected">What the hours from the onset until the opening were expected to cost.</param>
/// <param name="Mitigations">Those that were set since the onset for a part of the place, or for all of it.</param>
/// <param name="SuggestedRule">A command that sets an alert rule for the next time.</param>
/// <param name="FollowUpOn">The day, in the org's zone, on which the outbox reminds of the follow-up.</param>
/// <param name="OverAt">When the cost was as usual again; null: it is not.</param>
/// <param name="EscalatedAt">When the cost was still rising after a mitigation, the last time.</param>
public sealed record SpikeIncident(
    string Incident, string Org, string Onset, string Sentence, string? Cause, IReadOnlyDictionary<string, string?> Place, Amount Expected, Amount Actual,
    IReadOnlyList<IncidentMitigation> Mitigations, string SuggestedRule, string FollowUpOn, string? RemindedAt = null, string? OverAt = null,
    string? EscalatedAt = null)
{
    /// <summary>The text that is stored.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, IncidentJson.Default.SpikeIncident);

    /// <exception cref="JsonException">Not the JSON of such an incident.</exception>
    internal static SpikeIncident Parse(string json) =>
        JsonSerializer.Deserialize(json, IncidentJson.Default.SpikeIncident) ?? throw new JsonException("A spike's incident is null.");

    /// <summary>What happened to it by itself, for the timeline.</summary>
    internal IEnumerable<TimelineBody> Timeline()
    {
        foreach (var applied in Mitigations)
        {
            yield return new(applied.At, "mitigation", applied.By, $"{applied.Id} (version {applied.Version}): {applied.Kind} of {applied.Scope}", null, null);
            if (applied.EscalatedAt is { } at) yield return new(at, "escalated", "tieout", $"still rising after {applied.Id}", null, null);
        }

        if (OverAt is { } over) yield return new(over, "over", "tieout", "the cost is as usual again", null, null);
        if (RemindedAt is { } reminded) yield return new(reminded, "follow_up", "tieout", $"the follow-up of {FollowUpOn} is due", null, null);
    }
}

/// <summary>A mitigation that was set while the spike lasted.</summary>
/// <param name="EscalatedAt">When the cost was found to be rising still, an hour or more after it; null: it was not.</param>
public sealed record IncidentMitigation(string Id, int Version, string Kind, string Scope, string At, string By, string? EscalatedAt = null);

/// <summary>What a message says of an incident.</summary>
/// <param name="Text">For people.</param>
public sealed record IncidentMessage(string Incident, string Org, string Title, string Text, string? FollowUpOn = null);

/// <summary>Another day on which to be reminded.</summary>
/// <param name="On">For example 2026-12-07.</param>
public sealed record FollowUpBody(string On);
