using Tieout.Analysis.Change;

namespace Tieout.Analysis.Tests.Change;

public sealed class CostChangeTests
{
    [Fact]
    public void T1_the_parts_of_every_leaf_and_of_all_leaves_add_up_to_the_change_to_the_nano_unit()
    {
        var random = new Random(11);
        for (var round = 0; round < 200; round++)
        {
            var change = CostChange.Of([.. Enumerable.Range(0, random.Next(1, 60)).Select(i => Leaf(random, i))], ["feature"]);

            Assert.All(change.Leaves, leaf => Assert.Equal(leaf.Leaf.Change, leaf.Parts.Sum));
            Assert.Equal(change.Actual - change.Expected, change.Parts.Sum);
            Int128 drivers = 0;
            foreach (var driver in Enum.GetValues<CostDriver>()) drivers += change.Parts[driver];
            Assert.Equal(change.Parts.Sum, drivers);
        }
    }

    [Fact]
    public void Twice_the_requests_are_volume_alone()
    {
        var parts = Change(attempts: 2).Parts;
        Assert.Equal((100, 100), ((long)parts[CostDriver.Volume], (long)parts.Sum));
    }

    [Fact]
    public void Twice_the_input_of_a_request_is_input_alone()
    {
        var parts = Change(input: 2).Parts;
        Assert.Equal((80, 80), ((long)parts[CostDriver.InputTokens], (long)parts.Sum));
    }

    [Fact]
    public void A_dearer_list_is_told_from_a_lost_discount()
    {
        var (listed, paid) = (Change(list: 1.5, price: 1.5).Parts, Change(price: 1.5).Parts);
        Assert.Equal((50, 0), ((long)listed[CostPart.ListPrice], (long)listed[CostPart.EffectivePrice]));
        Assert.Equal((0, 50), ((long)paid[CostPart.ListPrice], (long)paid[CostPart.EffectivePrice]));
    }

    [Fact]
    public void A_leaf_that_is_new_is_a_change_of_mix_and_volume()
    {
        var leaves = new[] { Leaf("old", Figures(10, 800, 200), Figures(10, 800, 200)), Leaf("new", new(), Figures(10, 8_000, 200)) };
        var change = CostChange.Of(leaves, ["feature"]);
        Assert.Equal(change.Parts.Sum, change.Parts[CostDriver.Volume] + change.Parts[CostDriver.Mix]);
        Assert.True(change.Parts[CostDriver.Mix] > 0);
    }

    [Fact]
    public void A_cheap_leaf_that_grows_lowers_the_mix()
    {
        var leaves = new[]
        {
            Leaf("cheap", Figures(10, 80, 20), Figures(30, 240, 60)), Leaf("dear", Figures(10, 8_000, 2_000), Figures(10, 8_000, 2_000)),
        };
        var change = CostChange.Of(leaves, ["feature"]);
        Assert.True(change.Leaves.Single(leaf => leaf.Leaf.Values[0] == "cheap").Parts[CostDriver.Mix] < 0);
    }

    [Fact]
    public void Retries_for_each_request_are_hidden_recompute_and_those_that_follow_the_traffic_are_volume()
    {
        CostLeaf[] more = [Leaf("a", Figures(10, 800, 200), Figures(10, 800, 200)), Retry(Figures(1, 80, 20), Figures(5, 400, 100))];
        Assert.Equal((400, 400), Both(CostChange.Of(more, ["feature"]).Parts, CostDriver.HiddenRecompute));
        CostLeaf[] alike = [Leaf("a", Figures(10, 800, 200), Figures(20, 1_600, 400)), Retry(Figures(1, 80, 20), Figures(2, 160, 40))];
        Assert.Equal((1_100, 1_100), Both(CostChange.Of(alike, ["feature"]).Parts, CostDriver.Volume));
    }

    private static (long, long) Both(CostParts parts, CostDriver driver) => ((long)parts[driver], (long)parts.Sum);

    private static CostLeaf Leaf(string feature, LeafFigures expected, LeafFigures actual) => new([feature], AttemptClass.Primary, null, expected, actual);

    private static CostLeaf Retry(LeafFigures expected, LeafFigures actual) => new(["a"], AttemptClass.Hidden, "retry", expected, actual);

    /// <summary>10 attempts with 80 for the input and 20 for the output, and the same changed.</summary>
    private static CostChange Change(double attempts = 1, double input = 1, double list = 1, double price = 1)
    {
        var (before, after) = (Figures(10, 80, 20), Figures(10 * attempts, 80 * input * price * attempts, 20 * price * attempts));
        after.Tokens[0] = 80 * input * attempts;
        after.Tokens[3] = 20 * attempts;
        for (var sort = 0; sort < LeafFigures.Sorts; sort++) (before.ListPrices[sort], after.ListPrices[sort]) = (2, 2 * list);
        return CostChange.Of([Leaf("a", before, after)], ["feature"]);
    }

    private static LeafFigures Figures(double attempts, double input, double output)
    {
        var figures = new LeafFigures { Attempts = attempts };
        (figures.Tokens[0], figures.Costs[0]) = (input, (Int128)input);
        (figures.Tokens[3], figures.Costs[3]) = (output, (Int128)output);
        return figures;
    }

    private static CostLeaf Leaf(Random random, int number) => random.Next(3) switch
    {
        0 => new([$"f{number}"], AttemptClass.Hidden, random.Next(2) == 0 ? "retry" : "undo", Figures(random), Figures(random)),
        1 => new([$"f{number}"], AttemptClass.ToolRetry, "tool_retry", Figures(random), Figures(random)),
        _ => new([$"f{number}"], AttemptClass.Primary, null, Figures(random), Figures(random)),
    };

    private static LeafFigures Figures(Random random)
    {
        if (random.Next(5) == 0) return new();
        var figures = new LeafFigures { Attempts = random.NextDouble() * 10_000, OtherCost = random.Next(3) == 0 ? random.NextInt64(1_000_000_000_000) : 0 };
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            if (random.Next(4) == 0) continue;
            figures.Tokens[sort] = random.NextDouble() * 1e9;

            // Below zero as well: credits and corrections.
            figures.Costs[sort] = random.NextInt64(-1_000_000_000, 1_000_000_000_000_000_000);
            figures.ListPrices[sort] = random.Next(3) == 0 ? 0 : random.NextDouble() * 100;
        }

        return figures;
    }
}
