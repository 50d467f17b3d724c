using System.Text.RegularExpressions;

namespace Tieout.Core.Tenancy;

/// <summary>The one form of every name a user chooses: orgs, projects, teams, keys, features, end users, command ids.</summary>
public static partial class Names
{
    public const int LengthMax = 128;

    /// <summary>1 to 128 ASCII letters, digits or <c>_ . : @ / + -</c>, beginning with a letter or digit. ASCII only, so that no two
    /// names look alike and differ; no spaces or quotes, so that a name is safe in a header, a path and a shell.</summary>
    public static bool IsValid(string? name) => name is not null && NameForm().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.:@/+\-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NameForm();
}
