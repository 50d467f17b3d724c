using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Tenancy;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a"), InlineData("7"), InlineData("acme"), InlineData("team:red/web@eu+1-2_3.4"), InlineData("Z9")]
    public void Letters_digits_and_eight_signs_are_a_name(string name) => Assert.True(Names.IsValid(name));

    // A line break at the end is what a pattern that ends with $ lets through, and what splits a header.
    [Theory]
    [InlineData(null), InlineData(""), InlineData("acme\n"), InlineData("acme\r\n"), InlineData("\nacme"), InlineData("a b"), InlineData("a\"b"), InlineData("a\\b")]
    [InlineData("-a"), InlineData("_a"), InlineData(".a"), InlineData("/a"), InlineData("é"), InlineData("aé"), InlineData("a\0"), InlineData("а")]
    public void Anything_else_is_none(string? name) => Assert.False(Names.IsValid(name));

    [Fact]
    public void A_name_has_at_most_128_characters()
    {
        Assert.True(Names.IsValid(new string('n', Names.LengthMax)));
        Assert.False(Names.IsValid(new string('n', Names.LengthMax + 1)));
    }
}
