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

    // Goal: a stated cost of a model that no list has is split as such tokens typically cost, and the change says that it is estimated; one that a list has is
    // not. Method: each sort has tokens, so that each weight shows.
    [Fact]
    public void T1_without_a_list_typical_relations_split_and_the_change_says_so()
    {
        var unlisted = Change(new HourLine(0, ["a"], null, 2, [400, 1_000, 80, 100, 20], [0, 0, 0, 0, 0], 1_201));
        Assert.Equal("400 100 100 501 100 0", Costs(unlisted));
        Assert.Equal(1, unlisted.EstimatedPart);
        Assert.Equal(unlisted.Actual, unlisted.Parts.Sum);

        var both = Change(
            new HourLine(0, ["a"], null, 2, [400, 1_000, 80, 100, 20], [0, 0, 0, 0, 0], 1_201),
            new HourLine(0, ["b"], null, 2, [400, 0, 0, 0, 0], [9, 1, 9, 9, 9], 3_603));
        Assert.Equal(0.25, both.EstimatedPart, 6);
    }

    // Goal: a missed cache is a missed cache also where usage is handed in with its cost and without a list. Method: tokens move from the cache to fresh ones,
    // at a provider that asks a tenth, and at one that asks a half, for a cached token.
    [Theory]
    [InlineData(0.1, 5)]
    [InlineData(0.1, 4)]
    [InlineData(0.25, 8)]
    public void A_missed_cache_of_a_model_that_no_list_has_is_no_price(double read, double output)
    {
        var comparison = new PeriodComparison(["feature"], AttemptClasses.Default, new Dictionary<long, double> { [0] = 1 }, 1, 2);
        comparison.Add(Line(0, 200, 800));
        comparison.Add(Line(1, 950, 50));
        var change = comparison.Change();
        var (cache, price) = (change.Parts[CostDriver.Cache], change.Parts[CostDriver.Price]);
        Assert.True(cache > 2 * Int128.Abs(price), $"{cache}, {price}");
        Assert.Equal(change.Actual - change.Expected, change.Parts.Sum);

        HourLine Line(long hour, double fresh, double cached) => new(
            hour, ["a"], null, 10, [fresh, cached, 0, 40, 0], [0, 0, 0, 0, 0], (Int128)(3_000 * (fresh + read * cached + output * 40)));
    }

    private static CostChange Change(params HourLine[] lines)
    {
        var comparison = new PeriodComparison(["feature"], AttemptClasses.Default, new Dictionary<long, double>(), 0, 1);
        foreach (var line in lines) comparison.Add(line);
        return comparison.Change();
    }

    private static string Costs(CostChange change)
    {
        var figures = change.Leaves.Single().Leaf.Actual;
        return string.Join(' ', figures.Costs.Append(figures.OtherCost));
    }

    private static LeafFigures Actual(HourLine line)
    {
        var comparison = new PeriodComparison(["feature"], AttemptClasses.Default, new Dictionary<long, double>(), 0, 1);
        comparison.Add(line);
        return comparison.Change().Leaves.Single().Leaf.Actual;
    }
}
