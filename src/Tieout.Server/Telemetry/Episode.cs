namespace Tieout.Server.Telemetry;

/// <summary>A condition that lasts, as the log reports it: one line when it begins, one a minute while it lasts, one when it ends. The caller locks.</summary>
internal sealed class Episode(TimeProvider time)
{
    private static readonly TimeSpan RepeatEvery = TimeSpan.FromMinutes(1);

    private long? _since;
    private long _saidAt;

    /// <summary>Whether it lasts.</summary>
    public bool IsOn => _since is not null;

    /// <summary>How long it has lasted, or had when it ended; zero before it first begins.</summary>
    public TimeSpan Lasted { get; private set; }

    /// <summary>Notes whether the condition holds now.</summary>
    /// <returns>The line that is due.</returns>
    public EpisodeLine See(bool holds)
    {
        if (_since is { } since) Lasted = time.GetElapsedTime(since);
        if (holds && _since is null)
        {
            _since = _saidAt = time.GetTimestamp();
            Lasted = TimeSpan.Zero;
            return EpisodeLine.Began;
        }

        if (!holds && _since is not null)
        {
            _since = null;
            return EpisodeLine.Ended;
        }

        if (_since is null || time.GetElapsedTime(_saidAt) < RepeatEvery) return EpisodeLine.None;
        _saidAt = time.GetTimestamp();
        return EpisodeLine.Lasts;
    }
}

/// <summary>The log line that an <see cref="Episode"/> asks for.</summary>
internal enum EpisodeLine
{
    None,
    Began,
    Lasts,
    Ended,
}
