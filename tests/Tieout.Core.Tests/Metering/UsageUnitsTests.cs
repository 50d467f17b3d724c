using System.Globalization;
using System.Text.RegularExpressions;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Tests;

namespace Tieout.Core.Tests.Metering;

public sealed partial class UsageUnitsTests
{
    // Goal: our registry is the public one (and what is no model's usage: the provider's own figure, the time of runtimes), and parts and wholes are the same
    // by our rule and by its dimensions.
    [Fact]
    public void Units_agree_with_the_public_registry()
    {
        var theirs = Listed().Matches(File.ReadAllText(Repo.SharedData("prices/units.yml"))).ToDictionary(unit => unit.Groups["name"].Value);
        var ours = UsageUnits.All.Where(unit => unit != UsageUnits.ReportedCost && unit != UsageUnits.GpuSeconds && unit != UsageUnits.InstanceSeconds)
            .ToArray();

        Assert.Equal(theirs.Keys.Order(StringComparer.Ordinal), ours.Select(unit => unit.Name).Order(StringComparer.Ordinal));
        Assert.All(ours, unit =>
        {
            Assert.Equal(long.Parse(theirs[unit.Name].Groups["per"].Value.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture), unit.Per);
            Assert.Equal(theirs[unit.Name].Groups["rate"].Value, GenaiPrices.RateName(unit));
        });
        Assert.All(from whole in ours from part in ours select (whole, part), pair =>
            Assert.Equal(
                pair.whole != pair.part && Dimensions(pair.whole).IsSubsetOf(Dimensions(pair.part)),
                pair.part.IsPartOf(pair.whole)));

        HashSet<string> Dimensions(UsageUnit unit) => [.. theirs[unit.Name].Groups["dimensions"].Value.Split(',', StringSplitOptions.TrimEntries)];
    }

    [Fact]
    public void Names_are_found_and_nothing_else() =>
        Assert.Equal(
            (UsageUnits.InputTokens, null, null),
            (UsageUnits.Find("input_tokens"), UsageUnits.Find("Input_Tokens"), UsageUnits.Find("")));

    [GeneratedRegex(@"^(?<name>\w+):\n  per: (?<per>[\d_]+)\n  price_key: (?<rate>\w+)\n  dimensions: \{(?<dimensions>[^}]*)\}", RegexOptions.Multiline)]
    private static partial Regex Listed();
}
