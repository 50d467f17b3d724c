using System.Diagnostics.CodeAnalysis;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Writing;

/// <summary>Commands handed in together, on their way to their outcomes. A list may be decided in several batches, in its order.</summary>
internal sealed class Submission(IReadOnlyList<Command> commands, CancellationToken cancellationToken)
{
    // Continuations must not run on the thread that decides or commits.
    private readonly TaskCompletionSource<IReadOnlyList<Outcome>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Outcome[]? _outcomes;
    private int _taken;
    private int _answered;

    public IReadOnlyList<Command> Commands { get; } = commands;

    public Task<IReadOnlyList<Outcome>> Outcomes => _done.Task;

    public int Waiting => Commands.Count - _taken;

    /// <summary>The next command that no batch has taken yet.</summary>
    public Command Next => Commands[_taken];

    public bool IsUntouched => _taken == 0;

    public void Take(int count) => _taken += count;

    /// <summary>True if its sender has given up and no batch has taken any of it; it is then cancelled.</summary>
    public bool GaveUp()
    {
        if (!IsUntouched || !cancellationToken.IsCancellationRequested) return false;
        _done.TrySetCanceled(cancellationToken);
        return true;
    }

    public void Answer(IReadOnlyList<Outcome> outcomes, int from, int count)
    {
        if (count == Commands.Count && outcomes.Count == count)
        {
            _done.TrySetResult(outcomes);
            return;
        }

        _outcomes ??= new Outcome[Commands.Count];
        for (var i = 0; i < count; i++) _outcomes[_answered + i] = outcomes[from + i];
        _answered += count;
        if (_answered == _outcomes.Length) _done.TrySetResult(_outcomes);
    }

    /// <summary>Fails the whole list. What was answered before stands, so for a list that was in part the effect is unknown.</summary>
    public void Fail(Exception failure)
    {
        _taken = Commands.Count;
        _done.TrySetException(_answered == 0 || failure is not StoreUnavailableException unavailable ? failure : new StoreUnavailableException(
            $"{_answered} of {Commands.Count} commands were carried out before the store failed.", StoreEffect.Unknown, unavailable.Fault, failure));
    }
}

/// <summary>What is decided and committed together.</summary>
internal sealed class Batch
{
    private readonly List<(Submission From, int Count)> _parts = [];

    public IReadOnlyList<Command> Commands { get; private set; } = [];

    /// <summary>It changes what governs, or looks at what is durable only: nothing may be in flight while it is decided.</summary>
    public bool IsAlone { get; private set; }

    /// <summary>Attempts that were known before the batch: to be let go of when it is durable.</summary>
    public List<AttemptId> Revisited { get; } = [];

    [DisallowNull]
    public WriteSet? Writes { get; set; }

    /// <summary>Takes from the front of the queue: at most <paramref name="max"/> commands, or one that must be decided alone.</summary>
    public static Batch TakeFrom(Queue<Submission> queue, int max)
    {
        var batch = new Batch();
        var first = queue.Peek();
        if (MustBeAlone(first.Next))
        {
            batch.IsAlone = true;
            batch.Commands = first.Commands.Count == 1 ? first.Commands : [first.Next];
            batch.Take(queue, 1);
        }
        else if (first.IsUntouched && first.Waiting <= max && (queue.Count == 1 || first.Waiting > max / 2) && !first.Commands.Any(MustBeAlone))
        {
            // A list that fits is decided as it is, without being copied.
            batch.Commands = first.Commands;
            batch.Take(queue, first.Waiting);
        }
        else
        {
            var commands = new List<Command>();
            while (queue.Count > 0 && commands.Count < max && !MustBeAlone(queue.Peek().Next)) batch.TakeSome(queue, commands, max);
            batch.Commands = commands;
        }

        return batch;
    }

    public void Answer()
    {
        var from = 0;
        foreach (var (submission, count) in _parts)
        {
            submission.Answer(Writes!.Outcomes, from, count);
            from += count;
        }
    }

    public void Fail(Exception failure)
    {
        foreach (var (submission, _) in _parts) submission.Fail(failure);
    }

    private static bool MustBeAlone(Command command) => command.Governs || command is Command.Correct or Command.Recharge or Command.Announce;

    private void TakeSome(Queue<Submission> queue, List<Command> commands, int max)
    {
        var submission = queue.Peek();
        var all = submission.Commands;
        var from = all.Count - submission.Waiting;
        var to = from;
        while (to < all.Count && commands.Count < max && !MustBeAlone(all[to])) commands.Add(all[to++]);
        Take(queue, to - from);
    }

    private void Take(Queue<Submission> queue, int count)
    {
        var submission = queue.Peek();
        submission.Take(count);
        _parts.Add((submission, count));
        if (submission.Waiting == 0) queue.Dequeue();
    }
}
