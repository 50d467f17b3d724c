using Tieout.Core.Ledger;

namespace Tieout.Storage.Writing;

/// <summary>Submissions that wait, in their order. Only its head may be taken in part, and a submission that has ended never stays at the head.</summary>
/// <remarks>Not safe for two threads at once: its owner locks. A submission may end at any time on another thread.</remarks>
internal sealed class SubmissionQueue
{
    private readonly Queue<Submission> _waiting = new();

    // How many commands of the head earlier batches have taken.
    private int _taken;

    /// <summary>Commands that wait. Those of a submission that failed half-way count until the next batch is taken.</summary>
    public int Depth { get; private set; }

    public int Submissions => _waiting.Count;

    public void Enqueue(Submission submission)
    {
        _waiting.Enqueue(submission);
        Depth += submission.Commands.Count;
    }

    /// <summary>Takes from the front: at most <paramref name="max"/> commands, or one that must be decided alone. Null: nothing waits.</summary>
    public Batch? Take(int max)
    {
        DropEnded();
        if (_waiting.Count == 0) return null;
        var head = _waiting.Peek();
        var commands = head.Commands;
        if (commands[_taken].IsDecidedAlone)
        {
            var alone = new Batch(commands.Count == 1 ? commands : [commands[_taken]]) { IsAlone = true };
            Move(alone, 1);
            return alone;
        }

        if (_taken == 0 && commands.Count <= max && (_waiting.Count == 1 || commands.Count > max / 2) && !MustBeSplit(commands))
        {
            // A list that fits is decided as it is, without being copied.
            var whole = new Batch(commands);
            Move(whole, commands.Count);
            return whole;
        }

        var some = new List<Command>();
        var batch = new Batch(some);
        while (some.Count < max && _waiting.Count > 0 && !_waiting.Peek().Commands[_taken].IsDecidedAlone)
        {
            Move(batch, AddTo(some, max));
            DropEnded();
        }

        return batch;
    }

    /// <summary>Fails all that waits.</summary>
    public void Fail(StoreUnavailableException failure)
    {
        foreach (var submission in _waiting) submission.Fail(failure);
        _waiting.Clear();
        (_taken, Depth) = (0, 0);
    }

    private static bool MustBeSplit(IReadOnlyList<Command> commands)
    {
        for (var i = 0; i < commands.Count; i++)
        {
            if (commands[i].IsDecidedAlone) return true;
        }

        return false;
    }

    /// <returns>How many commands of the head were added.</returns>
    private int AddTo(List<Command> some, int max)
    {
        var commands = _waiting.Peek().Commands;
        var to = _taken;
        while (to < commands.Count && some.Count < max && !commands[to].IsDecidedAlone) some.Add(commands[to++]);
        return to - _taken;
    }

    private void Move(Batch batch, int count)
    {
        var head = _waiting.Peek();
        batch.Add(new(head, _taken, count));
        _taken += count;
        Depth -= count;
        if (_taken == head.Commands.Count) Drop();
    }

    private void DropEnded()
    {
        while (_waiting.TryPeek(out var head) && (head.HasEnded || (_taken == 0 && head.GaveUp()))) Drop();
    }

    private void Drop()
    {
        Depth -= _waiting.Dequeue().Commands.Count - _taken;
        _taken = 0;
    }
}
