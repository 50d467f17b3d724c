using Tieout.Core.Money;

namespace Tieout.Core.Tests.Money;

/// <summary>What the named bounds are, so that a change of one is seen.</summary>
public sealed class BoundsTests
{
    [Fact]
    public void The_most_that_one_transfer_moves_fits_into_the_64_bits_of_its_column_and_no_round_number_above_does()
    {
        Assert.Equal("9000000000", Amount.TransferMax.ToString());
        Assert.True(Amount.TransferMax.TryToInt64(out _));
        Assert.False(Amount.Parse("10000000000").TryToInt64(out _));
    }

    [Fact]
    public void The_epoch_is_1970_and_earlier_instants_exist()
    {
        Assert.Equal(default, Instant.UnixEpoch);
        Assert.Equal("1970-01-01T00:00:00.000000Z", Instant.UnixEpoch.ToString());
        Assert.Equal("0001-01-01T00:00:00.000000Z", Instant.From(DateTimeOffset.MinValue).ToString());
        Assert.True(Instant.From(DateTimeOffset.MinValue) < Instant.UnixEpoch);
    }
}
