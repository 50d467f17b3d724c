using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Core.Tests.Architecture;

public sealed partial class SliceOrderTests
{
    /// <summary>A slice may use the ones before it, never the ones after. docs/ARCHITECTURE.md draws the same line.</summary>
    private static readonly string[] Order =
        ["Money", "Tenancy", "Metering", "Pricing", "Budgets", "Ledger", "Invoicing", "Attribution", "Guard", "Runtime", "Reconciliation", "Triage", "Spike"];

    [Fact]
    public void A_slice_uses_only_slices_before_it()
    {
        var backwards =
            from file in Directory.EnumerateFiles(Repo.Path("src/Tieout.Core"), "*.cs", SearchOption.AllDirectories)
            let slice = Array.IndexOf(Order, Path.GetRelativePath(Repo.Path("src/Tieout.Core"), file).Split(Path.DirectorySeparatorChar)[0])
            where slice >= 0
            from Match use in UsedSlice().Matches(File.ReadAllText(file))
            where Array.IndexOf(Order, use.Groups[1].Value) > slice
            select $"{file} uses {use.Groups[1].Value}";

        Assert.Empty(backwards);
    }

    [Fact]
    public void Every_folder_of_Core_is_a_slice_that_the_design_names() =>
        Assert.Empty(Directory.EnumerateDirectories(Repo.Path("src/Tieout.Core")).Select(folder => Path.GetFileName(folder)!).Except([.. Order, "obj", "bin"]));

    [GeneratedRegex(@"\bTieout\.Core\.(\w+)")]
    private static partial Regex UsedSlice();
}
