using Tieout.Analysis.Change;

namespace Tieout.Analysis.Tests.Change;

/// <summary>Costs of sorts of tokens that are known exactly, and what is split.</summary>
public sealed class SortCostTests
{
    // Goal: where the cost of each sort is known, the list decides nothing. Method: an hour whose requests were in two tiers, so that the list would split it
    // otherwise; then more than is known, and less.
    [Theory]
    [InlineData(1_000, "600 100 0 250 0 50")]
    [InlineData(1_095, "660 110 0 275 0 50")]
    [InlineData(905, "540 90 0 225 0 50")]
    [InlineData(50, "0 0 0 0 0 50")]
    public void T1_known_costs_are_taken_as_they_are_and_the_rest_is_split_as_they_are(long cost, string expected)
    {
        var figures = Actual(new(0, ["a"], null, 2, [400, 900, 0, 100, 0], [1, 0.1, 1, 5, 5], cost, [600, 100, 0, 250, 0, 50]));
        Assert.Equal(expected, string.Join(' ', figures.Costs.Append(figures.OtherCost)));
    }

    [Fact]
    public void Without_known_costs_the_list_splits()
    {
        var figures = Actual(new(0, ["a"], null, 2, [400, 1_000, 0, 100, 0], [1, 0.1, 1, 5, 5], 2_000));
        Assert.Equal("800 200 0 1000 0 0", string.Join(' ', figures.Costs.Append(figures.OtherCost)));
    }

    private static LeafFigures Actual(HourLine line)
    {
        var comparison = new PeriodComparison(["feature"], AttemptClasses.Default, new Dictionary<long, double>(), 0, 1);
        comparison.Add(line);
        return comparison.Change().Leaves.Single().Leaf.Actual;
    }
}
