using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Simulated;

/// <summary>What senders were told, held against what is on the disk.</summary>
internal sealed class SubmissionOracle(SimulatedDisk disk, Dictionary<AttemptId, Poison> poison)
{
    private readonly List<(Submission Submission, CancellationTokenSource? Cancel)> _open = [];

    // How often each usage id was submitted and may still be carried out or was; ids that only one submission ever bore can be held against its failure.
    private readonly Dictionary<AttemptId, int> _submitted = [];
    private readonly HashSet<AttemptId> _done = [];
    private readonly HashSet<AttemptId> _mustNotBe = [];

    public long Answered { get; private set; }

    public int Open => _open.Count;

    /// <summary>Commands of which it is not known whether they were carried out: senders send those again.</summary>
    public List<Command> Unresolved { get; } = [];

    public void Sent(Submission submission, CancellationTokenSource? cancel)
    {
        _open.Add((submission, cancel));
        foreach (var id in submission.Commands.Select(UsageOf).OfType<AttemptId>())
        {
            _submitted[id] = _submitted.GetValueOrDefault(id) + 1;
            _mustNotBe.Remove(id);
        }
    }

    /// <summary>Checks whatever was answered since.</summary>
    public void Check()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            var (submission, cancel) = _open[i];
            if (!submission.HasEnded) continue;
            _open.RemoveAt(i);
            Answered++;
            Check(submission, cancel);
        }
    }

    /// <summary>The process died: nobody is answered any more, and everybody asks again.</summary>
    public void Died()
    {
        Check();
        foreach (var (submission, _) in _open) Unresolved.AddRange(submission.Commands);
        _open.Clear();
    }

    /// <summary>At the end: whatever was refused or failed without effect never appeared.</summary>
    public void CheckNothingCameLater()
    {
        foreach (var id in _mustNotBe)
        {
            if (IsStored(id)) throw new SimulationException($"The sender of {id} was told that nothing was done, and it is stored.");
        }

        foreach (var id in _done)
        {
            if (!IsStored(id)) throw new SimulationException($"{id} was done, and is lost.");
        }
    }

    private static AttemptId? UsageOf(Command command) => command switch
    {
        Command.Charge charge => charge.Usage.Usage.Id,
        Command.Settle settle => settle.Usage.Usage.Id,
        _ => null,
    };

    private void Check(Submission submission, CancellationTokenSource? cancel)
    {
        var task = submission.Outcomes;
        if (task.IsCompletedSuccessfully)
        {
            var outcomes = task.Result;
            if (outcomes.Count != submission.Commands.Count)
            {
                throw new SimulationException($"{outcomes.Count} outcomes of {submission.Commands.Count} commands.");
            }

            for (var i = 0; i < outcomes.Count; i++) Check(submission.Commands[i], outcomes[i]);
        }
        else if (task.IsCanceled)
        {
            if (cancel is not { IsCancellationRequested: true }) throw new SimulationException("A submission was cancelled that nobody cancelled.");
            NothingDone(submission);
        }
        else if (task.Exception!.InnerException is not StoreUnavailableException failure)
        {
            throw new SimulationException($"A sender got {task.Exception.InnerException}.");
        }
        else if (failure.Effect == StoreEffect.None)
        {
            NothingDone(submission);
        }
        else
        {
            Unresolved.AddRange(submission.Commands);
        }
    }

    private void NothingDone(Submission submission)
    {
        foreach (var id in submission.Commands.Select(UsageOf).OfType<AttemptId>().Distinct().ToList())
        {
            if (_submitted[id] > submission.Commands.Count(command => UsageOf(command) == id)) continue;
            if (IsStored(id)) throw new SimulationException($"The sender of {id} was told that nothing was done, and it is stored.");
            _mustNotBe.Add(id);
        }
    }

    private void Check(Command command, Outcome outcome)
    {
        if (outcome is null) throw new SimulationException($"{command} has no outcome.");
        if (outcome is Outcome.Refused { Reason: Refusal.CommandQuarantined, Limit: var quarantine })
        {
            if (!disk.Quarantined.TryGetValue(quarantine!, out var record)) throw new SimulationException($"{quarantine} is not in quarantine.");
            if (UsageOf(command) is { } sick ? !poison.ContainsKey(sick) : command is not Command.Record { Kind: SettingKind.Org })
            {
                throw new SimulationException($"Quarantined without a fault: {record}");
            }

            return;
        }

        if (UsageOf(command) is not { } id) return;
        if (outcome is Outcome.Done && !_done.Add(id)) throw new SimulationException($"{id} was done twice.");
        if (outcome is Outcome.Done or Outcome.Replayed && !IsStored(id))
        {
            throw new SimulationException($"{id} was answered with {outcome.GetType().Name}, and is not stored.");
        }

        if (outcome is Outcome.Done or Outcome.Replayed && ChargeOf(command) != disk.Attempts[id].Usage!.Charge.Nanos)
        {
            throw new SimulationException($"{id} is stored with another amount (L3).");
        }

        if (outcome is Outcome.Refused { Reason: Refusal.IdReused } && (!IsStored(id) || ChargeOf(command) == disk.Attempts[id].Usage!.Charge.Nanos))
        {
            throw new SimulationException($"{id} conflicts with nothing (L3).");
        }
    }

    private static Int128 ChargeOf(Command command) => (command as Command.Charge)?.Usage.Charge.Nanos ?? ((Command.Settle)command).Usage.Charge.Nanos;

    private bool IsStored(AttemptId id) => disk.Attempts.TryGetValue(id, out var attempt) && attempt.Usage is not null;
}
