using Tieout.Tests;

namespace Tieout.Core.Tests.Architecture;

public sealed class UsingOrderTests
{
    // Goal: usings are found where the editor puts them, so that no merge moves them. Method: the usings at the top of every file of C#, System before others,
    // then by name without regard to case. Spaces and unused usings are the build's to check.
    [Fact]
    public void Usings_stand_in_their_order()
    {
        var wrong = new List<string>();
        foreach (var file in ((string[])["src", "tests", "bench", "samples"]).SelectMany(
            folder => Directory.EnumerateFiles(Repo.Path(folder), "*.cs", SearchOption.AllDirectories)))
        {
            if (file.Contains("/obj/", StringComparison.Ordinal)) continue;
            var usings = File.ReadLines(file).TakeWhile(line => !line.StartsWith("namespace ", StringComparison.Ordinal))
                .Where(line => line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains('=', StringComparison.Ordinal)
                    && !line.StartsWith("using static ", StringComparison.Ordinal))
                .Select(line => line["using ".Length..].TrimEnd(';')).ToList();
            var ordered = usings.OrderBy(name => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal))
                .ThenBy(name => name.Split('.'), Names).ToList();
            if (!usings.SequenceEqual(ordered)) wrong.Add($"{file}: {string.Join(", ", ordered)}");
        }

        Assert.Empty(wrong);
    }

    private static readonly Comparer<string[]> Names = Comparer<string[]>.Create((left, right) =>
    {
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            if (string.Compare(left[i], right[i], StringComparison.OrdinalIgnoreCase) is var order and not 0) return order;
        }

        return left.Length.CompareTo(right.Length);
    });
}
