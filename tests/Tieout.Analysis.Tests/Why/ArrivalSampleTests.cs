using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Why;

/// <summary>What a sample of attempts says of duplicates and of usage that arrived late.</summary>
public sealed class ArrivalSampleTests
{
    // Goal: the part of the rise that looks alike, or came late, is that of the sample, put to the whole rise. Method: 100 attempts, of which 40 are there a
    // second time under another id, or came a day late.
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void What_was_sent_twice_or_late_explains_the_rise(bool twice, bool late)
    {
        var sample = new ArrivalSample();
        for (var i = 0; i < 100; i++)
        {
            sample.Add(false, Attempt(i));
            sample.Add(true, Attempt(i));
            if (i < 40) sample.Add(true, twice ? Attempt(i) : Attempt(1_000 + i) with { Delay = TimeSpan.FromHours(late ? 24 : 0) });
        }

        var signs = sample.Signs(100_000, 140_000, 80_000);
        Assert.InRange((long)signs.Duplicates, twice ? 79_990 : 0, twice ? 80_010 : 0);
        Assert.InRange((long)signs.Backfill, late ? 79_990 : 0, late ? 80_010 : 0);
    }

    [Fact]
    public void A_sender_that_is_always_late_or_whose_attempts_always_look_alike_is_no_sign()
    {
        var sample = new ArrivalSample();
        for (var i = 0; i < 100; i++)
        {
            sample.Add(i % 3 > 0, Attempt(7) with { Delay = TimeSpan.FromDays(2) });
        }

        var signs = sample.Signs(100_000, 200_000, 100_000);
        Assert.True(signs.Duplicates < 10_000, $"{signs.Duplicates}");
        Assert.Equal(0, signs.Backfill);
    }

    [Fact]
    public void Clocks_of_whole_seconds_tell_no_attempts_apart()
    {
        var sample = new ArrivalSample();
        for (var i = 0; i < 100; i++) sample.Add(true, Attempt(0) with { AtMicros = 1_000_000 });
        Assert.Equal(0, sample.Signs(0, 100_000, 100_000).Duplicates);
    }

    private static SampledAttempt Attempt(int no) => new("labels", $"user-{no % 7}", 5_000_001 + 1_000 * no, 100 + no % 11, 20, 1_000, TimeSpan.FromSeconds(3));
}
