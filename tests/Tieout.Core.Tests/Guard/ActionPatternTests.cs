using Tieout.Core.Guard;

namespace Tieout.Core.Tests.Guard;

public sealed class ActionPatternTests
{
    [Theory]
    [InlineData("volume.delete", "volume.delete", true)]
    [InlineData("volume.delete", "volume.delete.all", false)]
    [InlineData("cluster.*", "cluster.delete", true)]
    [InlineData("cluster.*", "cluster.node.drain", true)]
    [InlineData("cluster.*", "cluster", false)]
    [InlineData("cluster.*", "clusters.delete", false)]
    public void A_pattern_matches_its_action_or_all_below_it(string pattern, string action, bool matches) =>
        Assert.Equal(matches, ActionPattern.Parse(pattern).Matches(action));

    [Theory]
    [InlineData("*")]
    [InlineData(".*")]
    [InlineData("")]
    [InlineData("volume*")]
    [InlineData("*.delete")]
    [InlineData("volume..delete")]
    [InlineData("Volume.delete")]
    [InlineData("volume.delete ")]
    [InlineData(null)]
    public void What_matches_everything_or_nothing_in_particular_is_no_pattern(string? text) => Assert.Null(ActionPattern.TryParse(text));

    [Fact]
    public void The_closest_pattern_decides()
    {
        string[] patterns = ["a.*", "a.b.*", "a.b.c", "a.b.c.*"];
        var terms = new GuardTerms(patterns.Select(pattern => GuardRulesTests.Policy(GuardMode.Enforce) with { Name = pattern, Actions = pattern }), []);

        Assert.Equal(
            ["a.*", "a.b.*", "a.b.c", "a.b.c.*", null],
            ((string[])["a.x", "a.b.x", "a.b.c", "a.b.c.d", "a"]).Select(action => terms.PolicyOf(action)?.Name));
    }
}
