namespace Tieout.Core.Tenancy;

/// <summary>Tags that everything spent with a key has, whomever it is for. Null: not pinned.</summary>
/// <remarks>A key's team is a part of the key itself.</remarks>
public sealed record KeyPins(string? Project = null, string? Feature = null, string? User = null)
{
    /// <summary>The first tag that a request gives another value than the pinned one; null: none. A tag that is left out takes the pinned value.</summary>
    public PinConflict? Conflict(string? project, string? feature, string? user) =>
        Compare("project", Project, project) ?? Compare("feature", Feature, feature) ?? Compare("user", User, user);

    private static PinConflict? Compare(string tag, string? pinned, string? said) =>
        pinned is null || said is null || pinned == said ? null : new(tag, pinned, said);
}

/// <param name="Tag">project, feature or user.</param>
public sealed record PinConflict(string Tag, string Pinned, string Said);
