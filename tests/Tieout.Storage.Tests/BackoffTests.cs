namespace Tieout.Storage.Tests;

public sealed class BackoffTests
{
    private static readonly Backoff Pauses = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

    [Fact]
    public void A_pause_is_twice_the_one_before_it_and_stops_growing() =>
        Assert.Equal([100, 200, 400, 800, 1000, 1000], Enumerable.Range(1, 6).Select(failures => (int)Pauses.Pause(failures, chance: 0).TotalMilliseconds));

    [Fact]
    public void Chance_makes_a_pause_up_to_half_shorter()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(300), Pauses.Pause(3, chance: 0.5));
        var drawn = Enumerable.Range(0, 200).Select(_ => Pauses.Pause(9)).ToList();
        Assert.All(drawn, pause => Assert.InRange(pause, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1)));
        Assert.True(drawn.Distinct().Count() > 1, "Every pause is the same, so what failed together is tried again together.");
    }

    [Fact]
    public void However_often_it_failed_a_pause_is_in_range()
    {
        Assert.Equal(TimeSpan.FromSeconds(1), Pauses.Pause(int.MaxValue, chance: 0));
        Assert.Equal(TimeSpan.MaxValue, new Backoff(TimeSpan.MaxValue, TimeSpan.MaxValue).Pause(int.MaxValue, chance: 0));
    }

    [Fact]
    public void A_first_pause_that_is_longer_than_the_longest_stays() =>
        Assert.Equal([5, 5],
            Enumerable.Range(1, 2).Select(
                failures => (int)new Backoff(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1)).Pause(failures, chance: 0).TotalSeconds));

    [Fact]
    public void Without_a_failure_there_is_no_pause() => Assert.Throws<ArgumentOutOfRangeException>(() => Pauses.Pause(0));
}
