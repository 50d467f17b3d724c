using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Server.Tests.Complaints;

/// <summary>docs/TESTING.md says which test would fail if we had what users of other gateways complain about.</summary>
public sealed partial class ComplaintTableTests
{
    private const int Complaints = 58;

    [Fact]
    public void Each_complaint_has_a_test_that_is_there()
    {
        var tests = string.Join('\n', Directory.EnumerateFiles(Repo.Path("tests"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        var seen = new HashSet<int>();
        foreach (Match row in Row().Matches(File.ReadAllText(Repo.Path("docs/TESTING.md"))))
        {
            foreach (Match number in Number().Matches(row.Groups[1].Value))
            {
                var first = int.Parse(number.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
                var last = number.Groups[2].Success ? int.Parse(number.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture) : first;
                seen.UnionWith(Enumerable.Range(first, last - first + 1));
            }

            var names = Name().Matches(row.Groups[2].Value).Select(match => match.Groups[1].Value).ToList();
            Assert.True(names.Count > 0, $"No test is named: {row.Value}");
            Assert.All(names, name => Assert.True(Regex.IsMatch(tests, $@"(Task|void) {name}\("), $"There is no test {name}."));
        }

        Assert.Equal(Enumerable.Range(1, Complaints), seen.Order());
    }

    [GeneratedRegex(@"^\| [A-G] (\d[\d, -]*) \| [^|]+ \|([^|]+)\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"(\d+)(?:-(\d+))?")]
    private static partial Regex Number();

    [GeneratedRegex("`([A-Za-z0-9_]+)`")]
    private static partial Regex Name();
}
