using Tieout.Core.Ledger.RowIndex;

namespace Tieout.Core.Tests.Ledger;

public sealed class HourRowsTests
{
    // Goal: whatever the steps, the stored bytes are those of all rows. Method: rows in one list, and the bytes of two lists joined.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(1_000_000)]
    public void A_list_is_its_rows_whatever_steps_wrote_it(long part)
    {
        var first = part * HourRows.PartRows;
        long[] seqs = [first, first + 1, first + 255, first + 256, first + 16_000, first + HourRows.PartRows - 1];
        var (left, right) = (new HourRows(default), new HourRows(default));
        foreach (var seq in seqs[..3]) left.Add(seq);
        foreach (var seq in seqs[3..]) right.Add(seq);
        Assert.Equal(seqs, HourRows.Numbers(part, [.. left.Bytes, .. right.Bytes]));
        Assert.All(seqs, seq => Assert.Equal(part, HourRows.PartOf(seq)));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("00010001")]
    [InlineData("00020001")]
    [InlineData("4000")]
    public void Bytes_that_are_never_written_are_refused(string hex) => Assert.Null(HourRows.Numbers(0, Convert.FromHexString(hex)));

    [Fact]
    public void A_digest_tells_sets_apart_and_not_their_order()
    {
        static RowDigest Of(params long[] numbers) => numbers.Aggregate(default(RowDigest), (digest, number) => digest.With(number));
        Assert.Equal(Of(1, 2, 3), Of(3, 1, 2));
        Assert.NotEqual(Of(1, 4), Of(2, 3));
        Assert.NotEqual(Of(1, 1), Of(1));
    }
}
