using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Invoicing;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Invoicing;

public sealed class LargestRemainderTests
{
    [Theory]
    [InlineData(5, "1 1 1", "2 2 1")]
    [InlineData(1, "100 1", "1 0")]
    [InlineData(15, "80 8 12", "12 1 2")]
    [InlineData(0, "1 1", "0 0")]
    [InlineData(7, "0 1", "0 7")]
    public void A_total_is_split_without_losing_a_unit_and_ties_go_to_the_earlier(long total, string weights, string shares) =>
        Assert.Equal(shares, string.Join(' ', LargestRemainder.ByWeight(total, [.. weights.Split(' ').Select(long.Parse)])));

    [Fact]
    public void L4_shares_sum_to_the_total_and_none_is_a_whole_unit_off() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1_000),
        Prop.ForAll(Arb.From(Gen.Choose(-2_000_000_000, 2_000_000_000).ListOf()), Arb.From(Gen.Elements(1L, 3L, 10_000_000L, 1_000_000_000L)), (nanos, unit) =>
        {
            var exact = nanos.Sum(part => (long)part);
            var total = (long)Math.Round((decimal)exact / unit, MidpointRounding.AwayFromZero);
            var shares = LargestRemainder.Share(total, [.. nanos.Select(part => (Int128)part)], unit);
            return shares.Sum(share => (long)share) == total && shares.Zip(nanos).All(pair => Int128.Abs(pair.First * unit - pair.Second) < unit);
        }));

    /// <summary>81 lines of which each, rounded by itself, loses: 23,072.51 where 23,072.53 is owed.</summary>
    [Fact]
    public void Lines_rounded_one_by_one_lose_two_cents_and_these_do_not()
    {
        const long unit = 10_000_000;
        var exact = (long)Amount.Parse("23072.5296").Nanos;
        var parts = Enumerable.Range(0, 81).Select(i => exact / 81 / unit * unit + 4_900_000L).ToArray();
        parts[0] += exact - parts.Sum();
        var total = (long)Math.Round((decimal)exact / unit, MidpointRounding.AwayFromZero);

        var shares = LargestRemainder.Share(total, [.. parts.Select(part => (Int128)part)], unit);

        Assert.Equal(2_307_253, shares.Sum(share => (long)share));
        Assert.NotEqual(2_307_253, parts.Sum(part => (long)Math.Round((decimal)part / unit, MidpointRounding.AwayFromZero)));
    }

    [Theory]
    [InlineData("USD", 2)]
    [InlineData("JPY", 0)]
    [InlineData("KWD", 3)]
    [InlineData("CREDIT", 9)]
    [InlineData("CR7", 9)]
    public void A_currency_has_the_decimals_that_it_is_paid_in(string asset, int decimals) => Assert.Equal(decimals, MinorUnit.Decimals(asset));

    [Theory]
    [InlineData("17.9699999999999988631316", 2, "17.97")]
    [InlineData("0.005", 2, "0.01")]
    [InlineData("-0.005", 2, "-0.01")]
    [InlineData("2.5", 0, "3")]
    public void An_invoice_is_rounded_once_a_half_away_from_zero(string major, int decimals, string rounded) =>
        Assert.Equal(rounded, MinorUnit.Round(decimal.Parse(major, System.Globalization.CultureInfo.InvariantCulture), decimals).ToString());

    [Theory]
    [InlineData("VAT=19", "19")]
    [InlineData("a=b=7.5", "7.5")]
    [InlineData("VAT=101", null)]
    [InlineData("VAT=-1", null)]
    [InlineData("=19", null)]
    [InlineData("VAT", null)]
    [InlineData("VAT=1,5", null)]
    [InlineData("VAT=0.00001", null)]
    public void A_tax_is_a_name_and_a_rate(string text, string? rate) =>
    Assert.Equal(rate, TaxRate.Parse(text)?.RatePct.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
