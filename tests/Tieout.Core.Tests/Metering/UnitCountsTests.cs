using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;

namespace Tieout.Core.Tests.Metering;

public sealed class UnitCountsTests
{
    private static readonly Gen<UnitCounts> AnyCounts =
        from counts in (from unit in Gen.Elements(UsageUnits.All.AsEnumerable()) from count in Gen.Choose(0, 9) select (unit, (long)count)).ListOf()
        select UnitCounts.Of([.. counts]);

    [Fact]
    public void What_is_stored_is_what_was_counted() =>
        Prop.ForAll(AnyCounts.ToArbitrary(), counts => UnitCounts.Of(counts.ToUsageCounts()).Equals(counts)).QuickCheckThrowOnFailure();

    [Fact]
    public void Other_units_are_one_sorted_object_without_spaces_or_nothing()
    {
        var counts = UnitCounts.Of((UsageUnits.InputTokens, 5), (UsageUnits.Find("web_searches")!, 2), (UsageUnits.Find("cache_write_1h_tokens")!, 3));

        Assert.Equal("""{"cache_write_1h_tokens":3,"web_searches":2}""", counts.ToUsageCounts().More);
        Assert.Null(UnitCounts.Of((UsageUnits.InputTokens, 5)).ToUsageCounts().More);
    }

    [Theory]
    [InlineData("""{"web_searches":-1}""")]
    [InlineData("""{"web_searches":1.5}""")]
    [InlineData("""{"web_searches":"1"}""")]
    [InlineData("""{"input_tokens":1}""")]
    [InlineData("""{"sandwiches":1}""")]
    [InlineData("[1]")]
    [InlineData("{")]
    public void Other_units_that_are_no_counts_are_refused(string more) =>
        Assert.Throws<FormatException>(() => UnitCounts.Of(new UsageCounts(0, 0, 0, 0, 0, more)));
}
