using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Writing;

/// <summary>Group commit: one at a time has the turn and takes whatever waits. A lone command takes the turn itself, on its caller's thread.</summary>
internal sealed partial class LedgerWriter : IAsyncDisposable
{
    /// <summary>Commands decided and committed together. TigerBeetle's batch, so that figures compare; above it nothing is gained.</summary>
    public const int BatchMax = 8_192;

    /// <summary>Commands that may wait: under a second of work. Beyond it callers are told at once rather than late.</summary>
    public const int QueueMax = 65_536;

    /// <summary>Deciding ahead pays once deciding takes about as long as a hand-over between threads.</summary>
    private const int WaitingWorthPipelining = 64;

    /// <summary>The commit of so many takes milliseconds, of which part is waiting for the disk: what comes meanwhile is decided beside it.</summary>
    private const int CommitWorthHandingOver = 512;

    /// <summary>Replayed at a start in about a second.</summary>
    private const long PostingsBetweenFlushes = 200_000;

    private static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(1);

    /// <summary>How often a store that failed is tried while nobody sends anything, so that health is not down for ever.</summary>
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(5);

    private readonly int _batchMax;
    private readonly LedgerPipeline _pipeline;
    private readonly Thread _decider;
    private readonly object _gate = new();
    private readonly Queue<Submission> _waiting = new();
    private List<TaskCompletionSource> _flushWanted = [];
    private List<(IReadOnlyList<FigureDrift> Drifts, TaskCompletionSource Done)> _repairsWanted = [];
    private int _waitingCommands;
    private long _lastFlush = Environment.TickCount64;
    private long _lastProbe = Environment.TickCount64;
    private bool _turnTaken;
    private bool _closing;
    private string? _stopped;

    public LedgerWriter(SqliteLedgerStore store, TimeProvider clock, int batchMax = BatchMax)
    {
        _batchMax = batchMax;
        _pipeline = new(store, clock) { Committed = Wake };
        _decider = new(DecideUntilClosed) { IsBackground = true, Name = "tieout decider" };
        _decider.Start();
    }

    public LedgerPipeline Pipeline => _pipeline;

    public LedgerHealth Health
    {
        get
        {
            var (last, at) = _pipeline.Read(image => (image.AsOf, image.LastWriteAt));
            lock (_gate) return new(_stopped is null && !_closing && _pipeline.Failure is null, _stopped ?? _pipeline.Failure, _waitingCommands, _pipeline.LastCommitMs, last, at);
        }
    }

    /// <returns>The outcomes of <paramref name="commands"/>, in their order, once they are durable.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was taken up: the queue is full, or the writer has stopped.</exception>
    public Task<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (commands.Count == 0) return Task.FromResult<IReadOnlyList<Outcome>>([]);
        var submission = new Submission(commands, cancellationToken);
        lock (_gate)
        {
            ThrowUnlessOpen();
            _waiting.Enqueue(submission);
            _waitingCommands += commands.Count;
            if (_turnTaken || commands.Count > 1 || _waiting.Count > 1)
            {
                Monitor.Pulse(_gate);
                return submission.Outcomes;
            }

            _turnTaken = true;
        }

        // Nobody else is here: to decide and commit on this thread saves two changes of thread.
        RunOne(mayHandOver: false);
        GiveTurnBack();
        return submission.Outcomes;
    }

    /// <summary>When this is done, the tables that SQL readers see hold everything that was durable before.</summary>
    public Task FlushAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ThrowUnlessOpen();
            _flushWanted.Add(done);
            Monitor.Pulse(_gate);
        }

        return done.Task;
    }

    /// <inheritdoc cref="ILedger.RepairAsync"/>
    public Task RepairAsync(IReadOnlyList<FigureDrift> drifts)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ThrowUnlessOpen();
            _repairsWanted.Add((drifts, done));
            Monitor.Pulse(_gate);
        }

        return done.Task;
    }

    /// <summary>Takes nothing more in, commits what waits, and leaves the store closed.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closing) return ValueTask.CompletedTask;
            _closing = true;
            Monitor.PulseAll(_gate);
        }

        _decider.Join();
        _pipeline.Dispose();
        return ValueTask.CompletedTask;
    }

    private void ThrowUnlessOpen()
    {
        if (_stopped is not null) throw new StoreUnavailableException(_stopped, StoreEffect.None, StoreFault.Stopped);
        if (_closing) throw new StoreUnavailableException("The ledger is closing.", StoreEffect.None, StoreFault.Stopped);
        if (_waitingCommands >= QueueMax) throw new StoreUnavailableException($"{_waitingCommands} commands wait already.", StoreEffect.None, StoreFault.Busy);
    }

    private void DecideUntilClosed()
    {
        while (TakeTurn())
        {
            RunAll();
            GiveTurnBack();
        }

        RunAll();
        TryFlush();
    }

    private void RunAll()
    {
        do
        {
            if (IsProbeTime()) TryProbe();
            if (_repairsWanted.Count > 0) TryRepair();
            if (_flushWanted.Count > 0 || _pipeline.PostingsPending >= PostingsBetweenFlushes || IsFlushTime()) TryFlush();
        }
        while (RunOne(mayHandOver: true));
    }

    /// <summary>Waits until there is something to do and nobody else does it. False: the writer is closing, and the turn is ours for good.</summary>
    private bool TakeTurn()
    {
        lock (_gate)
        {
            while (true)
            {
                if (!_turnTaken && (_closing || _waiting.Count > 0 || _flushWanted.Count > 0 || _repairsWanted.Count > 0 || IsFlushTime() || IsProbeTime())) break;
                Monitor.Wait(_gate, FlushEvery);
            }

            _turnTaken = true;
            return !_closing;
        }
    }

    private void GiveTurnBack()
    {
        lock (_gate)
        {
            _turnTaken = false;
            if (_waiting.Count > 0 || _flushWanted.Count > 0 || _repairsWanted.Count > 0 || _closing) Monitor.Pulse(_gate);
        }
    }

    private void Wake()
    {
        lock (_gate) Monitor.Pulse(_gate);
    }

    private bool IsProbeTime() =>
        _stopped is null && _pipeline.Failure is not null && Environment.TickCount64 - _lastProbe >= ProbeEvery.TotalMilliseconds;

    private bool IsFlushTime() =>
        _pipeline.PostingsPending > 0 && Environment.TickCount64 - _lastFlush >= FlushEvery.TotalMilliseconds;

    /// <summary>Takes one batch as far as it goes; if none comes while one is being committed, lands that. False: there is nothing left to do.</summary>
    /// <param name="mayHandOver">The decider's privilege, since what was handed over must be landed.</param>
    private bool RunOne(bool mayHandOver)
    {
        Batch? batch;
        bool handOver;
        lock (_gate)
        {
            while (_waiting.Count == 0 && !_closing && _pipeline.IsCommitting) Monitor.Wait(_gate);
            while (_waiting.Count > 0 && _waiting.Peek().GaveUp()) _waitingCommands -= _waiting.Dequeue().Commands.Count;
            batch = _waiting.Count == 0 ? null : Batch.TakeFrom(_waiting, _batchMax);
            _waitingCommands -= batch?.Commands.Count ?? 0;
            handOver = mayHandOver && (_waitingCommands >= WaitingWorthPipelining || batch?.Commands.Count >= CommitWorthHandingOver);
        }

        try
        {
            if (batch is not null) _pipeline.Run(batch, handOver);
            else _pipeline.Land(next: null);
            if (_pipeline.Failure is not null && batch is not null) _lastProbe = Environment.TickCount64;
        }
        catch (StoreUnavailableException failure)
        {
            _lastProbe = Environment.TickCount64;
            _pipeline.Failure = failure.Message;
            batch?.Fail(failure);
        }
        catch (ArgumentException misuse) when (batch?.Commands.Count == 1)
        {
            batch.Fail(misuse);
        }
        catch (Exception broken)
        {
            Stop(batch, broken);
        }

        return batch is not null;
    }

    /// <summary>A ledger that goes on with a wrong balance is worse than one that stops.</summary>
    private void Stop(Batch? batch, Exception broken)
    {
        List<Submission> waiting;
        lock (_gate)
        {
            _stopped = $"The ledger has stopped itself: {broken.Message}";
            waiting = [.. _waiting];
            _waiting.Clear();
            _waitingCommands = 0;
        }

        var failure = new StoreUnavailableException(_stopped, StoreEffect.None, StoreFault.Stopped, broken);
        batch?.Fail(failure);
        foreach (var submission in waiting) submission.Fail(failure);
    }
}
