using Tieout.Core.Ledger;

namespace Tieout.Core.Tests.Ledger;

public sealed class LateTableTests
{
    [Fact]
    public void A_table_that_was_never_written_has_nothing_and_then_what_was_set_last()
    {
        var table = default(LateTable<string, int>);
        Assert.False(table.TryGetValue("a", out _) || table.ContainsKey("a"));

        table.Set("a", 1);
        table.Set("a", 2);

        Assert.True(table.TryGetValue("a", out var value) && table.ContainsKey("a"));
        Assert.Equal(2, value);
    }

    [Fact]
    public void Each_org_has_a_number_of_its_own_whichever_came_first()
    {
        var numbers = default(OrgNumbers);
        foreach (var (org, change) in new[] { ("a", 2), ("b", 3), ("a", -1), ("b", 4), ("c", -2), ("b", -1) }) numbers.Add(org, change);

        Assert.Equal((1, 6, -2, 0), (numbers.Of("a"), numbers.Of("b"), numbers.Of("c"), numbers.Of("d")));
    }
}
