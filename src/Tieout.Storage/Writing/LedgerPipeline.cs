using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Writing;

/// <summary>Takes a batch from commands to durable outcomes. While one batch is committed on a thread of its own, the next is decided.</summary>
/// <remarks>Everything here but <see cref="Read{T}"/> belongs to whoever has the writer's turn; the committing thread only commits.</remarks>
internal sealed class LedgerPipeline : IDisposable
{
    private readonly SqliteLedgerStore _store;
    private readonly TimeProvider _clock;
    private readonly Thread _committer;
    private readonly SemaphoreSlim _handedOver = new(0);
    private readonly SemaphoreSlim _landed = new(0);
    private readonly Lock _imageGate = new();
    private LedgerImage _image;
    private StoredBook? _book;
    private Instant _now;
    private Batch? _inFlight;
    private Exception? _inFlightFailure;
    private bool _closing;
    private long _lastCommitTicks;

    // After a failure nothing is decided ahead until a commit succeeds, so that an outage rebuilds the book once, not once a batch.
    private bool _failing;

    public LedgerPipeline(SqliteLedgerStore store, TimeProvider clock)
    {
        _store = store;
        _clock = clock;
        _book = store.Load(Now());
        _image = new(_book.Book, store.LastRecordedAt());
        _committer = new(CommitUntilClosed) { IsBackground = true, Name = "tieout committer" };
        _committer.Start();
    }

    /// <summary>Called on the committing thread when it has done a batch.</summary>
    public Action? Committed { get; init; }

    /// <summary>Whether the committing thread is at work.</summary>
    public bool IsCommitting => _inFlight is not null && _landed.CurrentCount == 0;

    /// <summary>Postings that a start would have to replay.</summary>
    public long PostingsPending => _store.PostingsPending;

    /// <summary>What decisions are made on. For whoever has the turn, and for tests.</summary>
    public Book? Book => _book?.Book;

    /// <summary>Why the last batch failed, in one sentence; null: it did not.</summary>
    public string? Failure { get; set; }

    public decimal LastCommitMs => Math.Round(Volatile.Read(ref _lastCommitTicks) * 1_000m / Stopwatch.Frequency, 3);

    /// <summary>Reads the image of the last durable commit. Keep it short: commits wait for it.</summary>
    public T Read<T>(Func<LedgerImage, T> read)
    {
        lock (_imageGate) return read(_image);
    }

    /// <summary>Decides a batch and commits it, here or, if <paramref name="handOver"/>, on the committing thread. Answers or fails it.</summary>
    /// <exception cref="InvariantBrokenException">We are wrong; the batch has not been answered.</exception>
    public void Run(Batch batch, bool handOver)
    {
        if (batch.IsAlone) Land(next: null);
        Decide(batch);
        var bookBefore = _book;
        Land(batch);
        if (!ReferenceEquals(bookBefore, _book))
        {
            // What it was decided on has failed: once more, on what is durable.
            batch.Revisited.Clear();
            Decide(batch);
        }

        if (batch.Writes!.IsEmpty)
        {
            Forget(batch, next: null);
            batch.Answer();
        }
        else if (handOver && !batch.IsAlone && !_failing)
        {
            _book!.Apply(batch.Writes);
            _inFlight = batch;
            _handedOver.Release();
        }
        else
        {
            CommitHere(batch);
        }
    }

    /// <summary>Waits for the batch in flight and lets go of what it touched.</summary>
    /// <param name="next">Decided already; what it names stays.</param>
    /// <exception cref="Exception">It failed for another reason than the world: we are wrong.</exception>
    public void Land(Batch? next)
    {
        if (_inFlight is not { } batch) return;
        _landed.Wait();
        _inFlight = null;
        if (_inFlightFailure is null)
        {
            _failing = false;
            Forget(batch, next);
            return;
        }

        _failing = true;
        Failure = _inFlightFailure.Message;
        _book!.Dispose();
        _book = null;
        if (_inFlightFailure is not StoreUnavailableException) ExceptionDispatchInfo.Throw(_inFlightFailure);
    }

    /// <summary>Brings the tables that SQL readers see up to the last commit, and lets go of windows long over.</summary>
    /// <exception cref="StoreUnavailableException">Nothing is lost by it.</exception>
    public void Flush()
    {
        Land(next: null);
        _store.Flush(Read(image => image.FirstOpenHold));
        if (_book is not { } book) return;
        var gone = book.LetGo(Now());
        lock (_imageGate) _image.Forget(gone);
    }

    /// <inheritdoc cref="ILedger.RepairAsync"/>
    public void Repair(IReadOnlyList<FigureDrift> drifts)
    {
        Flush();
        if (_book is not { } book) throw new StoreUnavailableException("The last commit failed; figures are rebuilt when the store is back.", StoreEffect.None);
        _store.Repair(book.Book, drifts);

        // Whatever was wrong in memory came from there, or goes with it.
        book.Dispose();
        _book = null;
        _book = _store.Load(Now());
        lock (_imageGate) _image = new(_book.Book, _image.LastWriteAt);
    }

    /// <summary>After a failure: whether the store takes writes again. Clears <see cref="Failure"/> if it does.</summary>
    public void Probe()
    {
        Land(next: null);
        _store.Probe();
        Failure = null;
    }

    public void Dispose()
    {
        _closing = true;
        _handedOver.Release();
        _committer.Join();
        _book?.Dispose();
        _store.Dispose();
        _handedOver.Dispose();
        _landed.Dispose();
    }

    /// <summary>Recorded times never go back, whatever the clock does: readers find times by halving.</summary>
    private Instant Now()
    {
        var now = Instant.From(_clock.GetUtcNow());
        return _now = now > _now ? now : _now;
    }

    private void Decide(Batch batch)
    {
        if (_book is null)
        {
            var latest = Read(image => image.LastWriteAt);
            if (latest > _now) _now = latest.Value;
            _book = _store.Load(Now());
        }

        _book.Prefetch(batch.Commands, batch.Revisited, isCommitting: _inFlight is not null);
        batch.Writes = LedgerRules.Decide(_book.Book, batch.Commands, Now());
    }

    private void CommitHere(Batch batch)
    {
        var book = _book!;
        var backfilled = Backfill(book.Book, batch.Writes!);
        try
        {
            Commit(batch.Writes!, backfilled);
        }
        catch (StoreUnavailableException failure)
        {
            // The book has not been touched and says what is durable, so it stays.
            _failing = true;
            Failure = failure.Message;
            Forget(batch, next: null);
            batch.Fail(failure);
            return;
        }

        _failing = false;
        Failure = null;
        book.Apply(batch.Writes!);
        foreach (var window in backfilled ?? []) book.Book.Recall(window);
        Publish(batch.Writes!, backfilled ?? []);
        batch.Answer();
        Forget(batch, next: null);
        if (batch.IsAlone) book.Book.ForgetRecalled();
    }

    private IReadOnlyList<BudgetWindow>? Backfill(Book book, WriteSet writes)
    {
        foreach (var row in writes.Settings)
        {
            if (row.Kind != SettingKind.Budget || book.Budgets.Find(row.Name) is not null) continue;
            var budget = Budget.Parse(row.Body);
            var state = new BudgetState(book.Last.Budget + 1, budget, TimeZoneInfo.FindSystemTimeZoneById(budget.TimeZone), row.RecordedAt, row.AfterHold);
            return _store.Backfill(book, state, row.RecordedAt);
        }

        return null;
    }

    private void Commit(WriteSet writes, IReadOnlyList<BudgetWindow>? backfilled)
    {
        var start = Stopwatch.GetTimestamp();
        _store.Commit(writes, backfilled, backfilled is null ? 0 : Read(image => image.FirstOpenHold));
        Volatile.Write(ref _lastCommitTicks, Stopwatch.GetTimestamp() - start);
    }

    private void Publish(WriteSet writes, IReadOnlyList<BudgetWindow> backfilled)
    {
        lock (_imageGate) _image.Apply(writes, backfilled, _book?.Book);
    }

    private void CommitUntilClosed()
    {
        while (true)
        {
            _handedOver.Wait();
            if (_closing) return;
            var batch = _inFlight!;
            try
            {
                Commit(batch.Writes!, backfilled: null);
                Publish(batch.Writes!, []);
                _inFlightFailure = null;
                Failure = null;
                batch.Answer();
            }
            catch (Exception failure)
            {
                _inFlightFailure = failure;
                batch.Fail(failure is StoreUnavailableException ? failure : new StoreUnavailableException("A batch could not be committed.", StoreEffect.None, StoreFault.Stopped, failure));
            }

            _landed.Release();
            Committed?.Invoke();
        }
    }

    /// <summary>What the batch ended or looked up need no longer be in memory: it is durable, and found again by its id.</summary>
    private void Forget(Batch batch, Batch? next)
    {
        if (_book is not { } book) return;
        var stays = next is { Revisited.Count: > 0 } ? new HashSet<AttemptId>(next.Revisited) : null;
        foreach (var id in batch.Revisited) Forget(id);
        foreach (var end in batch.Writes!.HoldsEnded) Forget(end.Hold.Id);
        foreach (var row in batch.Writes.Usage) Forget(row.Usage.Id);

        // What is decided already may name the same objects; it lets go of them in its turn.
        if (next is null) book.Book.ForgetObjects();

        void Forget(AttemptId id)
        {
            if (stays is null || !stays.Contains(id)) book.Forget(id);
        }
    }
}
