namespace Tieout.Storage.Writing;

/// <summary>Notices a queue that does not move, or a batch that does not end: the caller locks.</summary>
internal sealed class StallWatch(TimeProvider clock)
{
    /// <summary>Longer than any commit and any retry of one, short enough for a load balancer to move on.</summary>
    public static readonly TimeSpan StalledAfter = TimeSpan.FromSeconds(20);

    private long _movedAt;
    private bool _isBusy;

    /// <summary>How long a batch has been under way, or commands have waited without one being taken; zero while there is nothing to do.</summary>
    public TimeSpan Elapsed(int waiting, bool isCommitting) => _isBusy || isCommitting || waiting > 0 ? clock.GetElapsedTime(_movedAt) : TimeSpan.Zero;

    /// <summary>A batch was taken.</summary>
    public void Began() => (_isBusy, _movedAt) = (true, clock.GetTimestamp());

    /// <summary>A batch has ended.</summary>
    public void Ended() => (_isBusy, _movedAt) = (false, clock.GetTimestamp());

    /// <summary>The first command came into an empty queue.</summary>
    public void Moved() => _movedAt = clock.GetTimestamp();

    /// <returns>Why the writer counts as unhealthy; null: it moves.</returns>
    public static string? Reason(TimeSpan stalled, int waiting) =>
        stalled >= StalledAfter ? $"The writer has not moved for {(long)stalled.TotalSeconds} s; {waiting} commands wait." : null;
}
