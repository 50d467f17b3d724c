using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Core.Guard;

/// <summary>Lets guarded actions run without a bound envelope for a short time (break-glass). It ends by itself.</summary>
/// <param name="Actions">An <see cref="ActionPattern"/>.</param>
/// <param name="Org">Only resources of this org; null: of any.</param>
/// <param name="Resource">Only the resource with this id; null: any.</param>
/// <param name="By">The id of the token that asked for it.</param>
/// <param name="Person">Who holds that token.</param>
/// <param name="Until">At this time it is over; at most <see cref="LifetimeMax"/> after <paramref name="From"/>.</param>
/// <param name="NeedsApproval">It is not in force before another person has approved it.</param>
/// <param name="EndedAt">When somebody ended it; null: nobody did.</param>
public sealed record GuardOverride(
    string Id, string Actions, string? Org, string? Resource, string Reason, string By, string Person, DateTimeOffset From, DateTimeOffset Until,
    bool NeedsApproval = false, string? ApprovedBy = null, DateTimeOffset? EndedAt = null, string? EndedBy = null)
{
    public static readonly TimeSpan LifetimeMax = TimeSpan.FromHours(8);

    [JsonIgnore]
    public ActionPattern Pattern { get; } = ActionPattern.Parse(Actions);

    public GuardOverrideState StateAt(DateTimeOffset now) =>
        EndedAt is not null ? GuardOverrideState.Ended
        : now >= Until ? GuardOverrideState.Expired
        : NeedsApproval && ApprovedBy is null ? GuardOverrideState.Waiting
        : GuardOverrideState.InForce;

    public bool Covers(GuardQuestion question) =>
        Pattern.Matches(question.Action) && (Org is null || Org == question.Resource.Owner) && (Resource is null || Resource == question.Resource.Id);

    public string ToJson() => JsonSerializer.Serialize(this, GuardJson.Default.GuardOverride);

    /// <exception cref="JsonException">Not an override's JSON.</exception>
    public static GuardOverride Parse(string json) =>
        JsonSerializer.Deserialize(json, GuardJson.Default.GuardOverride) ?? throw new JsonException("An override is null.");
}

/// <summary>How an override stands.</summary>
public enum GuardOverrideState
{
    /// <summary>Another person must approve it.</summary>
    Waiting,
    InForce,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Somebody ended it.</summary>
    Ended,
}
