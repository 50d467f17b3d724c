using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Simulated;

/// <summary>One run: senders, the real writer without its threads, a store with faults, restarts and a clock that jumps, in an order that follows from the
/// seed.</summary>
internal sealed class WriterSimulation
{
    private const long Credit = 1_000_000_000_000;

    private readonly Random _draw;
    private readonly SimulatedClock _clock = new();
    private readonly SimulatedDisk _disk = new();
    private readonly Dictionary<AttemptId, Poison> _poison = [];
    private readonly SubmissionOracle _oracle;
    private readonly SimulatedSenders _senders;
    private SimulatedStore _store;
    private SteppedCommitter _committer;
    private WriterState _writer;

    public WriterSimulation(int seed)
    {
        _draw = new(seed);
        _oracle = new(_disk, _poison);
        _senders = new(_draw, _poison);
        (_store, _committer, _writer) = Start();
        Submit([Make.OpenOrg("acme"), Make.OpenOrg("beta"), Make.TopUp(Credit, "t1", "acme"), Make.TopUp(Credit, "t1", "beta")], cancel: null);
        Drain();
    }

    public long Answered => _oracle.Answered;

    public int Quarantined => _disk.Quarantined.Count;

    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step();
            if (_disk.Violation is { } violation) throw violation;
            if ((step & 7) == 0) _oracle.Check();
        }

        End();
    }

    private void Step()
    {
        switch (_draw.Next(100))
        {
            case < 45:
                SendOne();
                break;
            case < 70:
                Decide();
                break;
            case < 82:
                _committer.Step();
                break;
            case < 88:
                _clock.Pass(TimeSpan.FromMilliseconds(_draw.Next(1, 1_500)));
                _writer.Upkeep();
                break;
            case < 90:
                _clock.Jump(TimeSpan.FromSeconds(_draw.Next(-7_200, 7_200)));
                break;
            case < 93:
                BreakStore();
                break;
            case < 97:
                _store.ClearFaults();
                break;
            case 97 when _draw.Next(4) == 0:
                Crash();
                break;
            case 98 when _draw.Next(4) == 0:
                CloseAndStart();
                break;
            default:
                CheckHealth();
                break;
        }
    }

    private (SimulatedStore Store, SteppedCommitter Committer, WriterState Writer) Start()
    {
        var (store, committer) = (new SimulatedStore(_disk, _poison), new SteppedCommitter());
        return (store, committer, new WriterState(store, committer, _clock, batchMax: _draw.Next(2) == 0 ? 8 : 64));
    }

    private void SendOne()
    {
        List<Command> commands = _oracle.Unresolved.Count > 0 && _draw.Next(3) == 0 ? _senders.Again(_oracle.Unresolved) : _senders.Next();
        var cancel = _draw.Next(12) == 0 ? new CancellationTokenSource() : null;
        Submit(commands, cancel);
        if (cancel is not null && _draw.Next(2) == 0) cancel.Cancel();
    }

    private void Submit(List<Command> commands, CancellationTokenSource? cancel)
    {
        var submission = new Submission(commands, cancel?.Token ?? CancellationToken.None);
        bool isAlone;
        try
        {
            lock (_writer.Gate)
            {
                _writer.Enqueue(submission);
                isAlone = commands.Count == 1 && _writer.Submissions == 1 && !_writer.Pipeline.IsCommitting;
            }
        }
        catch (StoreUnavailableException refused) when (refused.Effect == StoreEffect.None)
        {
            return;
        }

        _oracle.Sent(submission, cancel);

        // As the writer does: a lone command is decided and committed on its sender's thread.
        if (isAlone && _draw.Next(2) == 0) _writer.RunOne(mayHandOver: false);
    }

    private void Decide()
    {
        if (_draw.Next(4) == 0) _writer.Upkeep();
        if (_writer.MustWait) _committer.Step();
        _writer.RunOne(mayHandOver: true);
        if (_writer.Submissions > 0 && _writer.Health.QueueDepth < 0) throw new SimulationException("The queue has less than nothing.");
    }

    private void BreakStore()
    {
        switch (_draw.Next(8))
        {
            case 0:
                _store.Faults |= StoreFaults.Full;
                break;
            case 1:
                _store.Faults |= StoreFaults.CannotRead;
                break;
            case 2 when _draw.Next(3) == 0:
                _store.Faults |= StoreFaults.FlushBroken;
                break;
            case 3 when _draw.Next(3) == 0:
                _store.Faults |= StoreFaults.Damaged;
                break;
            case 4:
                _store.FailNextCommit(new InsufficientMemoryException());
                break;
            case 5:
                _store.FailOnceForNoReason();
                break;
            default:
                _store.FailNextCommit(new StoreUnavailableException("sync", _draw.Next(2) == 0 ? StoreEffect.Unknown : StoreEffect.None));
                break;
        }
    }

    /// <summary>The process dies at once, before, in or after a commit.</summary>
    private void Crash()
    {
        if (_draw.Next(2) == 0) _committer.Step();
        _oracle.Died();
        _disk.Restart(limboComesBack: _draw.Next(2) == 0);
        _clock.Pass(TimeSpan.FromSeconds(1));
        (_store, _committer, _writer) = Start();
    }

    private void CloseAndStart()
    {
        lock (_writer.Gate) _writer.Close();
        while (_writer.RunOne(mayHandOver: true)) _writer.Upkeep();
        _writer.Flush();
        _writer.Dispose();
        _oracle.Check();
        if (_oracle.Open > 0) throw new SimulationException($"{_oracle.Open} submissions were not answered before the writer closed.");
        _disk.Restart(limboComesBack: _draw.Next(2) == 0);
        (_store, _committer, _writer) = Start();
    }

    private void CheckHealth()
    {
        var health = _writer.Health;
        if (health.IsReadOnly != _writer.Pipeline.ReadOnly is not null || (health.IsReadOnly && health.Reason is null))
        {
            throw new SimulationException("Health does not say that the store is read-only.");
        }
    }

    /// <summary>Whatever happened, the queue moves again once the store is whole.</summary>
    private void End()
    {
        _store.ClearFaults();
        Drain();
        _clock.Pass(TimeSpan.FromSeconds(61));
        _writer.Upkeep();
        Drain();
        var alive = Make.Charge(999_999_999, 1);
        Submit([alive], cancel: null);
        Drain();
        var health = _writer.Health;
        if (!health.IsWritable || health.QueueDepth != 0) throw new SimulationException($"The writer does not come back: {health}.");
        if (!_disk.Attempts.ContainsKey(Make.Id(999_999_999))) throw new SimulationException("The queue does not move any more.");
        if (_oracle.Open > 0) throw new SimulationException($"{_oracle.Open} submissions were never answered.");
        if (_disk.Violation is { } violation) throw violation;
        _oracle.CheckNothingCameLater();
        foreach (var org in (ReadOnlySpan<string>)["acme", "beta"]) CheckFigures(org);
    }

    private void Drain()
    {
        for (var i = 0; _writer.RunOne(mayHandOver: true); i++)
        {
            if (i > 100_000) throw new SimulationException("The queue is never empty.");
        }

        _oracle.Check();
    }

    /// <summary>What readers see equals the rows, counted one by one (L4), and what decisions are made on equals both.</summary>
    private void CheckFigures(string org)
    {
        var shown = _writer.Pipeline.Read(image => image.Account(image.Org(org)!, AccountKind.Customer));
        var book = _writer.Pipeline.Book!;
        var decided = book.Account(book.Org(org)!.AccountNo(AccountKind.Customer));
        var expected = (_disk.Balances[org], _disk.Held(org).Nanos);
        if ((shown.Balance.Nanos, shown.Held.Nanos) != expected)
        {
            throw new SimulationException($"{org} shows {shown.Balance} and {shown.Held}, its rows come to {expected}.");
        }

        if ((decided.Balance.Nanos, decided.Held.Nanos) != expected)
        {
            throw new SimulationException($"{org} is decided on {decided.Balance} and {decided.Held}, its rows come to {expected}.");
        }
    }
}
