using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Money;

public sealed class AmountTests
{
    [Theory]
    [InlineData("998.5", 998_500_000_000)]
    [InlineData("0.000000001", 1)]
    [InlineData("-3", -3_000_000_000)]
    [InlineData("0", 0)]
    [InlineData("1000.00", 1_000_000_000_000)]
    public void A_decimal_number_of_major_units_is_read_exactly(string text, long nanos) => Assert.Equal(nanos, Amount.Parse(text).Nanos);

    [Theory]
    [InlineData("0.0000000001")]
    [InlineData("1e3")]
    [InlineData("1,000")]
    [InlineData(" 1")]
    [InlineData("NaN")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("1000000000000000001")]
    public void Whatever_would_have_to_be_rounded_or_guessed_is_refused(string? text) => Assert.False(Amount.TryParse(text, out _));

    [Theory]
    [InlineData("0.0000000005", 0)]
    [InlineData("0.0000000015", 2)]
    [InlineData("0.0000000025", 2)]
    [InlineData("0.00000000250000001", 3)]
    [InlineData("-0.0000000015", -2)]
    public void A_charge_is_rounded_once_and_a_tie_goes_to_the_even_nano(string major, long nanos) =>
        Assert.Equal(nanos, Amount.RoundHalfEven(decimal.Parse(major, CultureInfo.InvariantCulture)).Nanos);

    [Fact]
    public void A_ceiling_is_never_below_what_it_bounds() =>
        Assert.Equal([1, 1, 0], new[] { 0.0000000001m, 0.000000001m, 0m }.Select(major => Amount.RoundUp(major).Nanos));

    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll(ArbMap.Default.ArbFor<long>(), nanos => Amount.Parse(new Amount(nanos / 10).ToString()) == new Amount(nanos / 10))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Leaving_the_range_throws_and_never_wraps() => Assert.Throws<OverflowException>(() => new Amount(Int128.MaxValue) + new Amount(1));

    [Fact]
    public void Rows_are_summed_by_one_of_their_amounts_and_a_product_is_exact()
    {
        (string Name, Amount Net, Amount Tax)[] rows = [("a", Amount.Parse("0.000000001"), Amount.Parse("1")), ("b", Amount.Parse("2.5"), Amount.Parse("-3"))];
        Assert.Equal("2.500000001", rows.Sum(row => row.Net).ToString());
        Assert.Equal("-2", rows.Sum(row => row.Tax).ToString());
        Assert.Equal(Amount.Zero, rows[..0].Sum(row => row.Net));
        Assert.Equal(Amount.Sum(rows.Select(row => row.Net)), rows.Sum(row => row.Net));
        Assert.Equal("7.5", (Amount.Parse("2.5") * 3).ToString());
        Assert.Equal("-7.5", (Amount.Parse("2.5") * -3).ToString());
        Assert.Equal(Amount.Parse("3"), Amount.Abs(rows[1].Tax));
        Assert.Equal(Amount.Parse("25"), Amount.Major(25));
        Assert.Throws<OverflowException>(() => new Amount(Int128.MaxValue) * 2);
        Assert.Throws<OverflowException>(() => Amount.Major(Int128.MaxValue));
    }
}
