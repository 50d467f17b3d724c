using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Core.Tests.Architecture;

/// <summary>The recipes of docs/CONTRIBUTING.md name files that exist.</summary>
public sealed partial class ContributingTests
{
    [Fact]
    public void Every_file_that_a_recipe_names_exists()
    {
        var named = Named()
            .Matches(File.ReadAllText(Repo.Path("docs/CONTRIBUTING.md"))).Select(match => match.Groups[1].Value).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(named.Count > 30, $"Only {named.Count} files are named.");
        Assert.All(named, path => Assert.True(Path.Exists(Repo.Path(path)), $"{path} does not exist."));
    }

    // A name with a placeholder (X, NNNN, *) is of a file that the reader makes.
    [GeneratedRegex(@"`((?:src|tests|docs|eng|bench)/[^`*\s]*?)`(?<!NNNN[^`]*`)")]
    private static partial Regex Named();
}
