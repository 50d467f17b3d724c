using System.Text.Json.Serialization;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Spike;

/// <summary>Which requests of an org a mitigation is about: those that have every value named. <see cref="Each"/> stands for any value, each with a count of
/// its own.</summary>
/// <param name="Model">As clients ask for it.</param>
/// <param name="User">The end user.</param>
public sealed record MitigationScope(
    string? Feature = null, string? Team = null, string? Key = null, string? Model = null, string? Trigger = null, string? User = null)
{
    /// <summary>Each value counts for itself. No name can be like this.</summary>
    public const string Each = "*";

    /// <summary>Every request of the org, in one count.</summary>
    public static MitigationScope Whole { get; } = new();

    /// <summary>Names and values, in the order in which people read them.</summary>
    [JsonIgnore]
    public IEnumerable<(string Name, string? Value)> Parts =>
        [("feature", Feature), ("team", Team), ("key", Key), ("model", Model), ("trigger", Trigger), ("user", User)];

    /// <summary>Whether the request has every value named.</summary>
    public bool Covers(in MitigatedRequest request) =>
        Fits(Feature, request.Feature) && Fits(Team, request.Team) && Fits(Key, request.Key) && Fits(Model, request.Model)
        && Fits(Trigger, request.Trigger) && Fits(User, request.User);

    /// <summary>The caller whose count a covered request adds to.</summary>
    public MitigatedCaller CallerOf(in MitigatedRequest request) => new(
        Own(Feature, request.Feature), Own(Team, request.Team), Own(Key, request.Key), Own(Model, request.Model), Own(Trigger, request.Trigger),
        Own(User, request.User));

    /// <summary>The first value that is neither a name nor <see cref="Each"/>; null: all are.</summary>
    public string? Flaw()
    {
        foreach (var (name, value) in Parts)
        {
            if (value is not null && value != Each && !Names.IsValid(value)) return $"'{value}' is not a valid {name}: write a name, or * for each.";
        }

        return null;
    }

    /// <summary>For example <c>feature=editor, user=*</c>; <c>all</c>: every request of the org.</summary>
    public override string ToString()
    {
        var parts = string.Join(", ", Parts.Where(part => part.Value is not null).Select(part => $"{part.Name}={part.Value}"));
        return parts.Length == 0 ? "all" : parts;
    }

    private static bool Fits(string? wanted, string? value) =>
        wanted is null || (value is not null && (wanted == Each || string.Equals(wanted, value, StringComparison.Ordinal)));

    private static string? Own(string? wanted, string? value) => wanted == Each ? value : null;
}
