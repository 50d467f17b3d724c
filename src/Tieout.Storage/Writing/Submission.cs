using Tieout.Core.Ledger;

namespace Tieout.Storage.Writing;

/// <summary>Commands submitted together, on their way to their outcomes. A list may be decided in several batches, in its order.</summary>
/// <remarks>
/// It ends once: with the outcome of its last command, with its first failure, or when its sender gives up before any of it was taken. After that
/// no batch decides more of it, and the queue drops the rest of it.
/// </remarks>
internal sealed class Submission(IReadOnlyList<Command> commands, CancellationToken cancellationToken)
{
    // Continuations must not run on the thread that decides or commits.
    private readonly TaskCompletionSource<IReadOnlyList<Outcome>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Outcome[]? _outcomes;
    private int _answered;

    public IReadOnlyList<Command> Commands { get; } = commands;

    public Task<IReadOnlyList<Outcome>> Outcomes => _done.Task;

    /// <summary>Whether its sender has been answered. Nothing more of it may be decided.</summary>
    public bool HasEnded => _done.Task.IsCompleted;

    /// <summary>True if its sender has given up; it is then cancelled. Only while no batch has taken any of it.</summary>
    public bool GaveUp() => cancellationToken.IsCancellationRequested && _done.TrySetCanceled(cancellationToken);

    /// <summary>Stores the outcomes of its commands from <paramref name="first"/> on, and answers its sender when none is missing.</summary>
    /// <param name="outcomes">A batch's; <paramref name="count"/> of them from <paramref name="from"/> on are this submission's.</param>
    public void Answer(int first, IReadOnlyList<Outcome> outcomes, int from, int count)
    {
        if (count == Commands.Count && outcomes.Count == count)
        {
            _done.TrySetResult(outcomes);
            return;
        }

        _outcomes ??= new Outcome[Commands.Count];
        for (var i = 0; i < count; i++) _outcomes[first + i] = outcomes[from + i];
        _answered += count;
        if (_answered == _outcomes.Length) _done.TrySetResult(_outcomes);
    }

    /// <summary>Fails the whole list. Commands that were carried out before stay carried out, so for a list that was in part the effect is unknown.</summary>
    public void Fail(StoreUnavailableException failure) =>
        _done.TrySetException(_answered == 0 ? failure : new StoreUnavailableException(
            $"{_answered} of {Commands.Count} commands were carried out before the store failed: {failure.Message}", StoreEffect.Unknown, failure.Fault,
            failure));
}
