using System.Buffers;

namespace Tieout.Core.Tenancy;

/// <summary>The one form of every name a user chooses: orgs, projects, teams, keys, features, end users, command ids.</summary>
public static class Names
{
    public const int LengthMax = 128;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@/+-");

    /// <summary>1 to 128 ASCII letters, digits or <c>_ . : @ / + -</c>, beginning with a letter or digit. ASCII only, so that no two
    /// names look alike and differ; no spaces, quotes or line breaks, so that a name is safe in a header, a path, a shell and, unescaped, in JSON.</summary>
    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= LengthMax } && char.IsAsciiLetterOrDigit(name[0]) && !name.AsSpan().ContainsAnyExcept(Allowed);
}
