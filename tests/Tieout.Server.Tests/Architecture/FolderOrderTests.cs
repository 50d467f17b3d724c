using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Server.Tests.Architecture;

public sealed partial class FolderOrderTests
{
    /// <summary>A folder may use the ones before it, never the ones after, so there is no cycle. The slices stand in the order of Core; docs/ARCHITECTURE.md
    /// draws the same line.</summary>
    private static readonly string[] Order =
    [
        "Telemetry", "Errors", "Configuration", "Http", "Tenancy", "Jobs", "Governor", "Metering", "Pricing", "Budgets", "Ledger", "Invoicing", "Attribution",
        "Guard", "Gateway", "Outbox", "Ingest",
        "Runtime", "Reconciliation", "Incidents", "Triage", "Spike", "Tracing", "Heads", "Hosting",
    ];

    // Goal: no folder of the server uses one that comes after it. Method: every mention of a namespace of the server, in every file, against the order.
    [Fact]
    public void A_folder_uses_only_folders_before_it()
    {
        var root = Repo.Path("src/Tieout.Server");
        var backwards = (
            from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            let name = Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/')
            let folder = Array.IndexOf(Order, name.Split('/')[0])
            from Match use in Used().Matches(File.ReadAllText(file))
            where Array.IndexOf(Order, use.Groups[1].Value) > folder
            select $"{name} uses {use.Groups[1].Value}").Distinct();

        Assert.Empty(backwards);
    }

    [Fact]
    public void Every_folder_has_its_place() =>
        Assert.Equal(Order.Order(StringComparer.Ordinal),
            Directory.EnumerateDirectories(Repo.Path("src/Tieout.Server")).Select(folder => Path.GetFileName(folder)).Except(["obj", "bin"]).Order(
                StringComparer.Ordinal));

    [GeneratedRegex(@"\bTieout\.Server\.(\w+)")]
    private static partial Regex Used();
}
