using Tieout.Core.Spike;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>Sends at most one request of a caller in the time between two, and of those that wait the newest.</summary>
/// <remarks>
/// The first request goes at once. A later one waits until the time is over, unless a newer one replaces it. A caller is one end user with one document: the
/// workflow of the request. A request without a user has no caller that could be told from others, so it passes.
/// </remarks>
internal sealed class NewestWins(Mitigation mitigation)
{
    private readonly Lock _lock = new();
    private readonly CallerStates<Turn> _turns = new(CallerStates<Turn>.Max, () => new());

    /// <param name="workflow">The document or session that is saved; null: the client names none.</param>
    /// <param name="time">A clock that only goes forward.</param>
    /// <returns>False: a newer request replaced this one.</returns>
    public async ValueTask<bool> WaitAsync(
        MitigatedRequest request, string? workflow, TimeProvider time, long startedAt, CancellationToken cancellationToken)
    {
        if (request.User is null) return true;
        var caller = new MitigatedCaller(request.Feature, Team: null, request.Key, Model: null, request.Trigger, request.User, workflow);
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Turn turn;
        TimeSpan wait;
        lock (_lock)
        {
            turn = _turns.Of(caller);
            var now = time.GetElapsedTime(startedAt);
            wait = turn.NextAt - now;
            if (turn.Waiting is null && wait <= TimeSpan.Zero)
            {
                turn.NextAt = now + mitigation.Rule.Wait;
                return true;
            }

            turn.Waiting?.TrySetResult();
            turn.Waiting = mine;
        }

        try
        {
            if (wait > TimeSpan.Zero) await mine.Task.WaitAsync(wait, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The turn of this request has come.
        }
        catch (OperationCanceledException)
        {
            TryGo(turn, mine, turn.NextAt - mitigation.Rule.Wait);
            throw;
        }

        return TryGo(turn, mine, time.GetElapsedTime(startedAt));
    }

    /// <returns>False: a newer request waits in its place.</returns>
    private bool TryGo(Turn turn, TaskCompletionSource mine, TimeSpan now)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(turn.Waiting, mine)) return false;
            turn.Waiting = null;
            turn.NextAt = now + mitigation.Rule.Wait;
            return true;
        }
    }

    private sealed class Turn
    {
        public TimeSpan NextAt;

        /// <summary>The newest request that waits; completed when a newer one replaces it. Null: none waits.</summary>
        public TaskCompletionSource? Waiting;
    }
}
