using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Writing;

/// <summary>Group commit: one at a time has the turn and takes whatever waits. A lone command takes the turn itself, on its caller's thread.</summary>
/// <remarks>Only the threads are here; what they do is in <see cref="WriterState"/>, which never throws, so no command and no failure of the store ends a
/// thread.</remarks>
internal sealed class LedgerWriter : IAsyncDisposable
{
    /// <summary>Commands decided and committed together. TigerBeetle's batch, so that figures compare; above it nothing is gained.</summary>
    public const int BatchMax = 8_192;

    private readonly WriterState _state;
    private readonly Thread _decider;
    private readonly object _gate;
    private bool _turnTaken;

    /// <exception cref="StoreUnavailableException">The store cannot be read at all.</exception>
    public LedgerWriter(ILedgerStore store, TimeProvider clock, int batchMax = BatchMax)
    {
        var committer = new CommitterThread(Wake);
        try
        {
            _state = new(store, committer, clock, batchMax);
        }
        catch
        {
            committer.Dispose();
            throw;
        }

        _gate = _state.Gate;
        _decider = new(DecideUntilClosed) { IsBackground = true, Name = "tieout decider" };
        _decider.Start();
    }

    public LedgerPipeline Pipeline => _state.Pipeline;

    public LedgerHealth Health => _state.Health;

    /// <returns>The outcomes of <paramref name="commands"/>, in their order, once they are durable.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was taken up: the queue is full, the store is read-only, or the ledger is closing.</exception>
    public Task<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (commands.Count == 0) return Task.FromResult<IReadOnlyList<Outcome>>([]);
        var submission = new Submission(commands, cancellationToken);
        lock (_gate)
        {
            _state.Enqueue(submission);
            if (_turnTaken || commands.Count > 1 || _state.Submissions > 1)
            {
                Monitor.Pulse(_gate);
                return submission.Outcomes;
            }

            _turnTaken = true;
        }

        // Nobody else is here: to decide and commit on this thread saves two changes of thread.
        _state.RunOne(mayHandOver: false);
        GiveTurnBack();
        return submission.Outcomes;
    }

    /// <summary>When this is done, the tables that SQL readers see hold everything that was durable before.</summary>
    public Task FlushAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _state.WantFlush(done);
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
            _state.WantRepair(drifts, done);
            Monitor.Pulse(_gate);
        }

        return done.Task;
    }

    /// <summary>Takes nothing more in, commits what waits, and leaves the store closed.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (!_state.Close()) return ValueTask.CompletedTask;
            Monitor.PulseAll(_gate);
        }

        _decider.Join();
        _state.Dispose();
        return ValueTask.CompletedTask;
    }

    private void DecideUntilClosed()
    {
        while (TakeTurn())
        {
            RunAll();
            GiveTurnBack();
        }

        RunAll();
        _state.Flush();
    }

    private void RunAll()
    {
        do
        {
            _state.Upkeep();
            lock (_gate)
            {
                while (_state.MustWait) Monitor.Wait(_gate);
            }
        }
        while (_state.RunOne(mayHandOver: true));
    }

    /// <summary>Waits until there is something to do and nobody else does it. False: the writer is closing, and the turn is ours for good.</summary>
    private bool TakeTurn()
    {
        lock (_gate)
        {
            while (_turnTaken || !_state.HasWork) Monitor.Wait(_gate, WriterState.FlushEvery);
            _turnTaken = true;
            return !_state.IsClosing;
        }
    }

    private void GiveTurnBack()
    {
        lock (_gate)
        {
            _turnTaken = false;
            if (_state.HasWork) Monitor.Pulse(_gate);
        }
    }

    private void Wake()
    {
        lock (_gate) Monitor.Pulse(_gate);
    }
}
