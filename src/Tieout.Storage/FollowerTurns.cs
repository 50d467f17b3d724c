using System.Diagnostics;

namespace Tieout.Storage;

/// <summary>The follower beside a writer: it goes on until it is current, and takes a bounded share of the machine while commands wait.</summary>
public static class FollowerTurns
{
    /// <summary>While commands wait for a commit, the follower takes at most one part in so many of one processor: it lags, never the writer.</summary>
    private const int BusyShare = 10;

    /// <summary>Steps until nothing is left to count.</summary>
    /// <param name="take">Gets each step's result before the next step.</param>
    /// <inheritdoc cref="IFollower.StepAsync"/>
    public static async Task CatchUpAsync(ILedger ledger, Func<FollowerProgress, Task> take, TimeProvider time, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            var progress = await ledger.Follower.StepAsync(cancellationToken);
            await take(progress);
            if (progress.IsCurrent) return;
            if (ledger.Health.QueueDepth > 0) await Task.Delay((BusyShare - 1) * Stopwatch.GetElapsedTime(began), time, cancellationToken);
        }
    }
}
