using Tieout.Server.Telemetry;
using Tieout.Tests;

namespace Tieout.Server.Tests.Outage;

public sealed class EpisodeTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void It_begins_once_is_repeated_once_a_minute_and_ends_once()
    {
        var episode = new Episode(_clock);
        Assert.Equal(EpisodeLine.None, episode.See(holds: false));
        var lines = new List<EpisodeLine>();
        for (var second = 0; second < 125; second++)
        {
            lines.Add(episode.See(holds: true));
            _clock.Move(1);
        }

        Assert.True(episode.IsOn);
        Assert.Equal([EpisodeLine.Began, EpisodeLine.Lasts, EpisodeLine.Lasts], lines.Where(line => line is not EpisodeLine.None));
        Assert.Equal(EpisodeLine.Ended, episode.See(holds: false));
        Assert.Equal(TimeSpan.FromSeconds(125), episode.Lasted);
        Assert.Equal((EpisodeLine.None, false), (episode.See(holds: false), episode.IsOn));
    }

    [Fact]
    public void The_next_one_is_counted_from_its_own_beginning()
    {
        var episode = new Episode(_clock);
        episode.See(holds: true);
        _clock.Move(50);
        episode.See(holds: false);
        _clock.Move(1);
        Assert.Equal(EpisodeLine.Began, episode.See(holds: true));
        Assert.Equal(TimeSpan.Zero, episode.Lasted);
        _clock.Move(59);
        Assert.Equal(EpisodeLine.None, episode.See(holds: true));
        _clock.Move(1);
        Assert.Equal(EpisodeLine.Lasts, episode.See(holds: true));
        Assert.Equal(TimeSpan.FromMinutes(1), episode.Lasted);
    }
}
