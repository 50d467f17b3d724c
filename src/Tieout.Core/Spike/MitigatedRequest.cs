using Tieout.Core.Metering;

namespace Tieout.Core.Spike;

/// <summary>What a mitigation looks at in a request. No content.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="Model">As the client asks for it; in a replay, the model that answered.</param>
/// <param name="Trigger">Null: the client gives no reason.</param>
/// <param name="User">The end user; null: nobody knows.</param>
public readonly record struct MitigatedRequest(string? Feature, string? Team, string? Key, string Model, string? Trigger, string? User)
{
    /// <summary>The request of a usage record.</summary>
    public static MitigatedRequest Of(UsageRecord usage) => new(
        usage.Labels.Feature, usage.Labels.Team, usage.Labels.Key, usage.Labels.Model ?? "", usage.Labels.Trigger, usage.EndUser);
}

/// <summary>Who shares one count of a mitigation. Null: the mitigation does not tell these apart.</summary>
public readonly record struct MitigatedCaller(string? Feature, string? Team, string? Key, string? Model, string? Trigger, string? User, string? Session = null);
