using System.Text.Json.Serialization;
using Tieout.Core.Ledger;
using Tieout.Server.Http;

namespace Tieout.Server.Incidents;

/// <summary>An incident as it stands.</summary>
/// <param name="Id"><c>INC-0001</c>, in the order opened.</param>
/// <param name="Status">open or closed.</param>
/// <param name="From">What happened before it is not looked at.</param>
/// <param name="Findings">Ids of findings it is about.</param>
/// <param name="Cause">One of <see cref="IncidentWords.Causes"/>; null: open.</param>
/// <param name="Layer">Who owns the follow-up, one of <see cref="IncidentWords.Layers"/>; null: open.</param>
public sealed record Incident(
    string Id, string Title, string Status, IncidentScope Scope, string From, string OpenedAt, string OpenedBy, string? CorrelationId,
    IReadOnlyList<string> Findings,
    string? ClosedAt = null, string? ClosedBy = null, string? Cause = null, string? Layer = null, string? FollowUp = null)
{
    public const string Open = "open";
    public const string Closed = "closed";

    public static NumberSequence Numbers { get; } = new("INC-", 4);
}

/// <summary>How far it reaches.</summary>
/// <param name="Kind">instance, project, tenant or broad.</param>
/// <param name="Org">Null: broad.</param>
public sealed record IncidentScope(string Kind, string? Org = null, string? Project = null, string? AppInstance = null)
{
    /// <summary>Whether something with these labels lies in it.</summary>
    public bool Covers(string? org, string? project, string? appInstance) => Kind switch
    {
        "broad" => Org is null || Org == org,
        "tenant" => Org == org,
        "project" => Org == org && Project == project,
        _ => Org == org && AppInstance == appInstance,
    };

    public override string ToString() => Kind switch
    {
        "broad" => Org is null ? "broad" : $"broad, {Org}",
        "tenant" => $"tenant {Org}",
        "project" => $"project {Project} of {Org}",
        _ => $"instance {AppInstance} of {Org}",
    };
}

/// <summary>A line of the timeline that somebody wrote.</summary>
public sealed record IncidentNote(string Incident, string At, string By, string Text, string? CorrelationId, string? TraceId, string? Finding);

/// <summary>The words that a closed incident is told by.</summary>
internal static class IncidentWords
{
    public static readonly string[] Scopes = ["instance", "project", "tenant", "broad"];
    public static readonly string[] Causes = ["missing_usage", "wrong_source", "wrong_anchor", "ledger_mismatch", "control_plane_drift", "duplicate_charge",
        "mispriced", "counter_drift", "cost_spike", "not_ours", "other"];
    public static readonly string[] Layers = ["metering_emitter", "attribution_mapping", "billing_interpretation", "listing_export", "none"];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(Incident))]
[JsonSerializable(typeof(IncidentNote))]
[JsonSerializable(typeof(IncidentMessage))]
[JsonSerializable(typeof(SpikeIncident))]
[JsonSerializable(typeof(FollowUpBody))]
[JsonSerializable(typeof(IncidentBody))]
[JsonSerializable(typeof(IncidentListBody))]
[JsonSerializable(typeof(OpenIncidentBody))]
[JsonSerializable(typeof(NoteIncidentBody))]
[JsonSerializable(typeof(CaptureBody))]
[JsonSerializable(typeof(CloseIncidentBody))]
[JsonSerializable(typeof(ScopeSuggestionBody))]
public sealed partial class IncidentJson : JsonSerializerContext;
