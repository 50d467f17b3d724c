using Tieout.Core.Ledger;

namespace Tieout.Core.Tests.Ledger;

public sealed class NumberSequenceTests
{
    private static readonly NumberSequence Numbers = new("INV-", 6);

    [Theory]
    [InlineData(0, "INV-000001")]
    [InlineData(41, "INV-000042")]
    [InlineData(999_999, "INV-1000000")]
    public void A_number_follows_those_that_are_there(int count, string expected)
    {
        Assert.Equal(expected, Numbers.After(count));
        Assert.Equal(expected, Numbers.Number(count + 1));
    }

    [Fact]
    public void By_text_numbers_sort_as_they_were_given_out()
    {
        var given = Enumerable.Range(0, 1_200).Select(Numbers.After).ToList();
        Assert.Equal(given, given.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_number_of_another_sequence_is_none_of_this_one()
    {
        Assert.True(Numbers.Has("INV-000007"));
        Assert.False(Numbers.Has("CN-000007"));
    }
}
