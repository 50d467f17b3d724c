using System.Xml.Linq;
using Tieout.Tests;

namespace Tieout.Core.Tests.Architecture;

/// <summary>A project refers only to the projects that it may use. The table of docs/ARCHITECTURE.md says the same.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> MayUse = new(StringComparer.Ordinal)
    {
        ["Tieout.Core"] = [],
        ["Tieout.Analysis"] = ["Tieout.Core"],
        ["Tieout.Client"] = [],
        ["Tieout.Client.AspNetCore"] = ["Tieout.Client"],
        ["Tieout.Storage"] = ["Tieout.Core"],
        ["Tieout.Server"] = ["Tieout.Core", "Tieout.Analysis", "Tieout.Storage"],
        ["Tieout.Console"] = ["Tieout.Core", "Tieout.Storage", "Tieout.Server"],
        ["Tieout.Simulator"] = ["Tieout.Core", "Tieout.Storage"],
        ["Tieout.Bench"] = ["Tieout.Core", "Tieout.Storage", "Tieout.Server", "Tieout.Simulator"],
        ["Tieout.Cli"] = ["Tieout.Core", "Tieout.Storage", "Tieout.Server", "Tieout.Console", "Tieout.Simulator", "Tieout.Bench"],
        ["Tieout.Benchmarks"] = ["Tieout.Core"],
    };

    public static TheoryData<string> Projects =>
        [.. new[] { "src", "bench" }.SelectMany(folder => Directory.EnumerateFiles(Repo.Path(folder), "*.csproj", SearchOption.AllDirectories)).Select(
            file => Path.GetRelativePath(Repo.Root, file))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_the_projects_that_it_may_use(string file)
    {
        var uses = XDocument.Load(Repo.Path(file)).Descendants("ProjectReference").Select(
            reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Assert.Empty(uses.Except(MayUse[Path.GetFileNameWithoutExtension(file)]));
    }

    [Fact]
    public void Every_project_of_the_product_is_in_the_table_of_the_document()
    {
        var document = File.ReadAllText(Repo.Path("docs/ARCHITECTURE.md"));
        Assert.All(MayUse.Keys, project => Assert.Contains($"{project}`", document, StringComparison.Ordinal));
    }
}
