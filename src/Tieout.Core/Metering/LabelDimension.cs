using System.Collections.Immutable;
using System.Text.Json;

namespace Tieout.Core.Metering;

/// <summary>A label of usage by name. The one list of what usage and errors are filtered by and spend is grouped by.</summary>
/// <param name="Name">In snake_case, as in the API.</param>
/// <param name="Of">The value of some labels; null: they do not have it.</param>
/// <param name="Synonym">Another name that a filter accepts; null: none.</param>
/// <param name="Values">The only values there are; empty: any text.</param>
public sealed record LabelDimension(string Name, Func<UsageLabels, string?> Of, string? Synonym, ImmutableArray<string> Values)
{
    private static readonly ImmutableArray<string> Sources = [.. Enum.GetValues<UsageSource>().Select(SourceName)];

    /// <summary>Every label but the org.</summary>
    public static ImmutableArray<LabelDimension> All { get; } =
    [
        Text("project", labels => labels.Project),
        Text("team", labels => labels.Team),
        Text("key", labels => labels.Key),
        Text("feature", labels => labels.Feature),
        Text("provider", labels => labels.Provider),
        Text("model", labels => labels.Model),
        new("source", labels => Sources[(int)labels.Source], null, Sources),
        Text("trigger", labels => labels.Trigger),
        Text("app_instance", labels => labels.Runtime?.AppInstance),
        Text("component", labels => labels.Runtime?.Component),
        new("control_plane", labels => labels.Runtime is { } runtime ? runtime.IsControlPlane ? "true" : "false" : null, null, ["true", "false"]),
        Text("operating_mode", labels => labels.Runtime?.OperatingMode, "mode"),
        Text("control_plane_scope", labels => labels.Runtime?.ControlPlaneScope, "scope"),
        Text("runtime_backend", labels => labels.Runtime?.Backend, "backend"),
    ];

    private static LabelDimension Text(string name, Func<UsageLabels, string?> of, string? synonym = null) => new(name, of, synonym, []);

    private static string SourceName(UsageSource source) => JsonNamingPolicy.SnakeCaseLower.ConvertName(source.ToString());
}
