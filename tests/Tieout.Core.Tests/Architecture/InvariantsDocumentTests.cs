using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Core.Tests.Architecture;

/// <summary>docs/INVARIANTS.md, the assertions and the tests name the same promises.</summary>
public sealed partial class InvariantsDocumentTests
{
    [Fact]
    public void Every_promise_in_force_is_named_in_code_and_in_a_test()
    {
        var src = AllText("src");
        var tests = AllText("tests");
        var ids = PromiseInForce().Matches(File.ReadAllText(Repo.Path("docs/INVARIANTS.md"))).Select(match => match.Groups[1].Value).ToList();

        Assert.Contains("L1", ids);
        Assert.Empty(ids.Where(id => !Regex.IsMatch(src, $@"\b{id}\b")).Select(id => $"{id} is not in src"));
        Assert.Empty(ids.Where(id => !Regex.IsMatch(tests, $@"\b{id}[_\b]")).Select(id => $"{id} is in no test's name"));
    }

    private static string AllText(string folder) =>
        string.Join('\n', Directory.EnumerateFiles(Repo.Path(folder), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));

    [GeneratedRegex(@"^\| ([A-Z]\d) \| in force \|", RegexOptions.Multiline)]
    private static partial Regex PromiseInForce();
}
