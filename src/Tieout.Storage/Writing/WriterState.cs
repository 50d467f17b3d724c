using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Writing;

/// <summary>The writer without its threads: what waits, and what is done by whoever has the turn. Stepped by the threads of <see cref="LedgerWriter"/>, and by
/// the simulation.</summary>
/// <remarks><see cref="Gate"/> guards what waits. <see cref="RunOne"/> and <see cref="Upkeep"/> are for whoever has the turn, and never throw.</remarks>
internal sealed class WriterState(ILedgerStore store, ICommitter committer, TimeProvider clock, int batchMax) : IDisposable
{
    /// <summary>Commands that may wait: under a second of work. Beyond it callers are refused at once rather than late.</summary>
    public const int QueueMax = 65_536;

    /// <summary>Deciding ahead pays once deciding takes about as long as a hand-over between threads.</summary>
    private const int WaitingWorthPipelining = 64;

    /// <summary>The commit of so many takes milliseconds, of which part is waiting for the disk: what comes meanwhile is decided beside it.</summary>
    private const int CommitWorthHandingOver = 512;

    /// <summary>Replayed at a start in about a second.</summary>
    private const long PostingsBetweenFlushes = 200_000;

    public static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(1);

    /// <summary>How often a store that failed is tried while nobody sends anything, so that health is not down for ever.</summary>
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(5);

    /// <summary>How often a store that is read-only is loaded again, in case it was repaired: that may take seconds.</summary>
    private static readonly TimeSpan RecoverEvery = TimeSpan.FromMinutes(1);

    private readonly SubmissionQueue _waiting = new();
    private readonly StallWatch _watch = new(clock);
    private List<TaskCompletionSource> _flushWanted = [];
    private List<(IReadOnlyList<FigureDrift> Drifts, TaskCompletionSource Done)> _repairsWanted = [];
    private long _lastFlush = clock.GetTimestamp();
    private long _lastProbe = clock.GetTimestamp();
    private bool _closing;

    public object Gate { get; } = new();

    public LedgerPipeline Pipeline { get; } = new(store, committer, clock);

    public LedgerHealth Health
    {
        get
        {
            var (last, at, quarantined) = Pipeline.Read(image => (image.AsOf, image.LastWriteAt, image.Quarantined));
            lock (Gate)
            {
                var stalled = _watch.Elapsed(_waiting.Depth, Pipeline.IsCommitting);
                var reason = Pipeline.ReadOnly ?? StallWatch.Reason(stalled, _waiting.Depth) ?? Pipeline.Failure;
                return new(reason is null && !_closing, reason, _waiting.Depth, Pipeline.LastCommitMs, last,
                    at)
                { IsReadOnly = Pipeline.ReadOnly is not null, Stalled = stalled, Quarantined = quarantined };
            }
        }
    }

    /// <summary>Under <see cref="Gate"/>: submissions that wait.</summary>
    public int Submissions => _waiting.Submissions;

    /// <summary>Under <see cref="Gate"/>: whether somebody should take the turn.</summary>
    public bool HasWork => _closing || _waiting.Submissions > 0 || _flushWanted.Count > 0 || _repairsWanted.Count > 0 || IsFlushTime || IsProbeTime;

    /// <summary>Under <see cref="Gate"/>: whether nothing more is taken in.</summary>
    public bool IsClosing => _closing;

    /// <summary>Under <see cref="Gate"/>: whether whoever has the turn must wait for a commit, since there is nothing else to do.</summary>
    public bool MustWait => _waiting.Submissions == 0 && !_closing && Pipeline.IsCommitting;

    private bool IsFlushTime => Pipeline.ReadOnly is null && Pipeline.PostingsPending > 0 && clock.GetElapsedTime(_lastFlush) >= FlushEvery;

    private bool IsProbeTime =>
        (Pipeline.ReadOnly is not null && clock.GetElapsedTime(_lastProbe) >= RecoverEvery)
            || (Pipeline.Failure is not null && clock.GetElapsedTime(_lastProbe) >= ProbeEvery);

    /// <summary>Under <see cref="Gate"/>.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was taken in: the queue is full, the store is read-only, or the writer is closing.</exception>
    public void Enqueue(Submission submission)
    {
        ThrowUnlessOpen();
        if (_waiting.Depth >= QueueMax) throw new StoreUnavailableException($"{_waiting.Depth} commands wait already.", StoreEffect.None, StoreFault.Busy);
        if (_waiting.Submissions == 0) _watch.Moved();
        _waiting.Enqueue(submission);
    }

    public void WantFlush(TaskCompletionSource done)
    {
        ThrowUnlessOpen();
        _flushWanted.Add(done);
    }

    public void WantRepair(IReadOnlyList<FigureDrift> drifts, TaskCompletionSource done)
    {
        ThrowUnlessOpen();
        _repairsWanted.Add((drifts, done));
    }

    /// <returns>False: it is closing already.</returns>
    public bool Close()
    {
        if (_closing) return false;
        return _closing = true;
    }

    /// <summary>Takes one batch as far as it goes; if none waits while one is being committed, lands that. False: there is nothing left to do.</summary>
    /// <param name="mayHandOver">Only for one who goes on until nothing is left, since what was handed over must be landed.</param>
    public bool RunOne(bool mayHandOver)
    {
        Batch? batch = null;
        var known = Pipeline.Failure;
        try
        {
            bool handOver;
            lock (Gate)
            {
                batch = _waiting.Take(batchMax);
                _watch.Began();
                handOver = mayHandOver && (_waiting.Depth >= WaitingWorthPipelining || batch?.Commands.Count >= CommitWorthHandingOver);
            }

            if (batch is not null) Pipeline.Run(batch, handOver);
            else Pipeline.Land(next: null);

            // A batch that fails is a probe too, and so is one that was handed over and whose failure is found now.
            if (Pipeline.Failure is not null && (batch is not null || known is null)) _lastProbe = clock.GetTimestamp();
        }
        catch (Exception broken)
        {
            // Our fault, and not a command's. What was asked for may have been done or not; the writer goes on with the next batch, on a book read anew.
            batch?.Fail(new StoreUnavailableException($"The writer failed: {broken.Message}", StoreEffect.Unknown, StoreFault.InputOutput, broken));
            Pipeline.Distrust(broken);
        }

        lock (Gate) _watch.Ended();
        return batch is not null;
    }

    /// <summary>What is done between batches: flushing, rebuilding figures, and trying a store that failed.</summary>
    public void Upkeep()
    {
        if (IsProbeTime) Probe();
        if (_repairsWanted.Count > 0) Repair();
        if (_flushWanted.Count > 0 || Pipeline.PostingsPending >= PostingsBetweenFlushes || IsFlushTime) Flush();
    }

    public void Flush()
    {
        List<TaskCompletionSource> wanted;
        lock (Gate) (wanted, _flushWanted) = (_flushWanted, []);
        _lastFlush = clock.GetTimestamp();
        Try(Pipeline.Flush, wanted);
    }

    public void Dispose() => Pipeline.Dispose();

    private void ThrowUnlessOpen()
    {
        if (_closing) throw new StoreUnavailableException("The ledger is closing.", StoreEffect.None, StoreFault.Stopped);
        if (Pipeline.ReadOnly is { } reason) throw new StoreUnavailableException(reason, StoreEffect.None, StoreFault.ReadOnly);
    }

    private void Probe()
    {
        _lastProbe = clock.GetTimestamp();
        Try(Pipeline.ReadOnly is null ? Pipeline.Probe : Pipeline.Recover, []);
    }

    private void Repair()
    {
        List<(IReadOnlyList<FigureDrift> Drifts, TaskCompletionSource Done)> wanted;
        lock (Gate) (wanted, _repairsWanted) = (_repairsWanted, []);
        foreach (var (drifts, done) in wanted) Try(() => Pipeline.Repair(drifts), [done]);
    }

    /// <summary>Only those who asked for it must know that it failed; health says it, too.</summary>
    private void Try(Action action, List<TaskCompletionSource> wanted)
    {
        try
        {
            action();
            foreach (var done in wanted) done.TrySetResult();
        }
        catch (Exception failure)
        {
            Pipeline.Distrust(failure);
            foreach (var done in wanted) done.TrySetException(failure);
        }
    }
}
