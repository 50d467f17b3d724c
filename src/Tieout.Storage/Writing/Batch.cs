using System.Diagnostics.CodeAnalysis;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Writing;

/// <summary>Some commands of a submission, one after another.</summary>
internal readonly record struct SubmissionPart(Submission From, int First, int Count);

/// <summary>Commands that are decided and committed together.</summary>
internal sealed class Batch(IReadOnlyList<Command> commands)
{
    private readonly List<SubmissionPart> _parts = [];
    private Outcome? _outcome;

    public IReadOnlyList<Command> Commands { get; private set; } = commands;

    /// <summary>It changes what governs, or looks at what is durable only: nothing may be in flight while it is decided.</summary>
    public bool IsAlone { get; set; }

    /// <summary>Its only command has failed by itself once: a fault that does not come again is not the command's.</summary>
    public bool WasTriedAlone { get; set; }

    /// <summary>Its only command is the record of a command that went into quarantine.</summary>
    public bool IsQuarantine => _outcome is not null;

    /// <summary>Attempts that were known before the batch: to be dropped from memory when it is durable.</summary>
    public List<AttemptId> Revisited { get; } = [];

    [DisallowNull]
    public WriteSet? Writes { get; set; }

    /// <summary>Its write set is committed: only now may a sender learn its outcomes, and a request leave for a provider (M2).</summary>
    public bool IsDurable { get; set; }

    public void Add(SubmissionPart part) => _parts.Add(part);

    public void Answer()
    {
        Invariant.Holds(IsDurable || Writes!.IsEmpty, "M2");
        if (_outcome is not null && Writes!.Outcomes[0] is Outcome.Refused { Reason: not Refusal.IdReused } refused)
        {
            Fail(new($"A command could not be decided, and its record in quarantine was refused: {refused.Reason}.", StoreEffect.None, StoreFault.InputOutput));
            return;
        }

        // The record's id follows from the command, so one that is there already is of the same command.
        IReadOnlyList<Outcome> outcomes = _outcome is null ? Writes!.Outcomes : [_outcome];
        var from = 0;
        foreach (var (submission, first, count) in _parts)
        {
            submission.Answer(first, outcomes, from, count);
            from += count;
        }
    }

    public void Fail(StoreUnavailableException failure)
    {
        foreach (var (submission, _, _) in _parts) submission.Fail(failure);
    }

    /// <summary>Leaves out the commands whose submission has ended: its sender was told that the rest of it was not done.</summary>
    /// <returns>Whether there is anything left to decide.</returns>
    public bool DropEnded()
    {
        if (_parts.Exists(part => part.From.HasEnded))
        {
            _parts.RemoveAll(part => part.From.HasEnded);
            Commands = [.. _parts.SelectMany(part => part.From.Commands.Skip(part.First).Take(part.Count))];
        }

        return _parts.Count > 0;
    }

    /// <summary>The same commands as two batches.</summary>
    public (Batch First, Batch Second) Split()
    {
        var half = Commands.Count / 2;
        var halves = (First: new Batch([.. Commands.Take(half)]), Second: new Batch([.. Commands.Skip(half)]));
        foreach (var (submission, first, count) in _parts)
        {
            var before = Math.Min(count, half);
            half -= before;
            if (before > 0) halves.First.Add(new(submission, first, before));
            if (before < count) halves.Second.Add(new(submission, first + before, count - before));
        }

        return halves;
    }

    /// <summary>Records the command in quarantine instead of carrying it out.</summary>
    public void Quarantine(Command.AddRecord record, Outcome.Refused outcome)
    {
        (Commands, _outcome, Writes, IsAlone, IsDurable) = ([record], outcome, null!, true, false);
        Revisited.Clear();
    }
}
