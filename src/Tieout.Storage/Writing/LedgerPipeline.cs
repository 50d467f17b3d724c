using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Writing;

/// <summary>Takes a batch from commands to durable outcomes. While one batch is committed beside it, the next is decided.</summary>
/// <remarks>
/// Everything here but <see cref="Read{T}"/> belongs to whoever has the writer's turn; the committer only commits. No method throws because of a command or
/// of the store: what fails is answered with its failure, and <see cref="Failure"/> and <see cref="ReadOnly"/> say what is wrong.
/// </remarks>
internal sealed partial class LedgerPipeline : IDisposable
{
    private readonly ILedgerStore _store;
    private readonly ICommitter _committer;
    private readonly TimeProvider _clock;
    private readonly Action _commitInFlight;
    private readonly Lock _imageGate = new();
    private LedgerImage _image;
    private IStoredBook? _book;
    private Instant _now;
    private Batch? _inFlight;
    private Exception? _inFlightFailure;
    private bool _imageIsStale;
    private long _lastCommitTicks;

    // After a failure nothing is decided ahead until a commit succeeds, so that an outage rebuilds the book once, not once a batch.
    private bool _failing;

    /// <summary>Loads the ledger. One that cannot be loaded whole is there for reading, and <see cref="ReadOnly"/> names the row.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read at all.</exception>
    public LedgerPipeline(ILedgerStore store, ICommitter committer, TimeProvider clock)
    {
        (_store, _committer, _clock) = (store, committer, clock);
        _commitInFlight = CommitInFlight;
        var latest = LastRecordedAt();
        if (latest > _now) _now = latest.Value;
        try
        {
            EnsureBook();
            _image = new(_book.Book, latest);
        }
        catch (StoreUnavailableException damaged) when (damaged.Fault == StoreFault.ReadOnly)
        {
            Failed(damaged);
            _image = new(_damaged ?? new(), latest);
        }
    }

    /// <summary>Whether a commit is under way beside.</summary>
    public bool IsCommitting => _inFlight is not null && _committer.IsBusy;

    /// <summary>Postings that a start would have to replay.</summary>
    public long PostingsPending => _store.PostingsPending;

    /// <summary>What decisions are made on. For whoever has the turn, and for tests.</summary>
    public Book? Book => _book?.Book;

    /// <summary>Why the last batch failed, in one sentence; null: it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Why nothing can be written until the store is repaired, in one sentence that names the row; null: it can.</summary>
    public string? ReadOnly { get; private set; }

    public decimal LastCommitMs => Math.Round(Volatile.Read(ref _lastCommitTicks) * 1_000m / Stopwatch.Frequency, 3);

    /// <summary>Reads the image of the last durable commit. Keep it short: commits wait for it.</summary>
    public T Read<T>(Func<LedgerImage, T> read)
    {
        lock (_imageGate) return read(_image);
    }

    /// <summary>Decides a batch and commits it, here or, if <paramref name="handOver"/>, beside. Answers or fails it.</summary>
    public void Run(Batch batch, bool handOver)
    {
        if (batch.IsAlone) Land(next: null);
        try
        {
            var broken = TryDecide(batch);
            var bookBefore = _book;
            Land(broken is null ? batch : null);
            if (!ReferenceEquals(bookBefore, _book))
            {
                // What it was decided on has failed: once more, on what is durable, without the commands whose sender was told that they are not done.
                batch.Revisited.Clear();
                if (!batch.DropEnded()) return;
                broken = TryDecide(batch);
            }

            if (broken is not null) Isolate(batch, broken);
            else Commit(batch, handOver);
        }
        catch (StoreUnavailableException failure)
        {
            // What is in flight may be a part of the same submission: its outcome comes first, or its sender would be told that nothing was done.
            Land(next: null);
            Failed(failure);
            batch.Fail(failure);
        }
    }

    /// <summary>Waits for the batch in flight and drops what it touched from memory. If a command of it cannot be stored, carries out the others.</summary>
    /// <param name="next">Decided already; what it names stays.</param>
    public void Land(Batch? next)
    {
        if (_inFlight is not { } batch) return;
        _committer.Wait();
        _inFlight = null;
        if (_inFlightFailure is null)
        {
            _failing = false;
            if (_imageIsStale) Rebuild();
            else Forget(batch, next);
            return;
        }

        // The book is ahead of what is durable.
        _failing = true;
        DropBook();
        if (WorldFailure(_inFlightFailure) is { } failure)
        {
            Failed(failure);
            batch.Fail(failure);
        }
        else
        {
            Isolate(batch, _inFlightFailure);
        }
    }

    public void Dispose()
    {
        _committer.Dispose();
        _book?.Dispose();
        _store.Dispose();
    }

    /// <summary>When the last commit was recorded; null: there is none, or its row is damaged, and loading the book says so.</summary>
    private Instant? LastRecordedAt()
    {
        try
        {
            return _store.LastRecordedAt();
        }
        catch (Exception damaged) when (damaged is not StoreUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Recorded times never go back, whatever the clock does: readers find times by halving.</summary>
    private Instant Now()
    {
        var now = Instant.From(_clock.GetUtcNow());
        return _now = now > _now ? now : _now;
    }

    /// <returns>Why it cannot be decided, if that is not for the store's sake; null: it is decided.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot be read, or takes no writes.</exception>
    private Exception? TryDecide(Batch batch)
    {
        if (ReadOnly is { } reason) throw new StoreUnavailableException(reason, StoreEffect.None, StoreFault.ReadOnly);
        EnsureBook();
        try
        {
            _book.Prefetch(batch.Commands, batch.Revisited, isCommitting: _inFlight is not null);
            batch.Writes = LedgerRules.Decide(_book.Book, batch.Commands, Now());
            return null;
        }
        catch (Exception broken) when (WorldFailure(broken) is null)
        {
            return broken;
        }
        catch (Exception failure) when (failure is not StoreUnavailableException)
        {
            throw WorldFailure(failure)!;
        }
    }

    private void Commit(Batch batch, bool handOver)
    {
        if (batch.Writes!.IsEmpty)
        {
            Forget(batch, next: null);
            batch.Answer();
        }
        else if (handOver && !batch.IsAlone && !_failing)
        {
            HandOver(batch);
        }
        else
        {
            CommitHere(batch);
        }
    }

    private void HandOver(Batch batch)
    {
        try
        {
            _book!.Apply(batch.Writes!);
        }
        catch (Exception broken)
        {
            DropBook();
            Isolate(batch, broken);
            return;
        }

        _inFlight = batch;
        _committer.Start(_commitInFlight);
    }

    private void CommitHere(Batch batch)
    {
        IReadOnlyList<BudgetWindow>? backfilled;
        try
        {
            backfilled = Backfill(_book!.Book, batch.Writes!);
            Commit(batch.Writes!, backfilled);
        }
        catch (Exception broken)
        {
            // The book has not been touched and says what is durable, so it stays.
            _failing = true;
            Forget(batch, next: null);
            if (WorldFailure(broken) is not { } failure)
            {
                Isolate(batch, broken);
                return;
            }

            Failed(failure);
            batch.Fail(failure);
            return;
        }

        _failing = false;
        Failure = null;
        Applied(batch, backfilled ?? []);
        batch.Answer();
    }

    /// <summary>Takes in a batch that is durable. Whatever goes wrong in memory from here on, the batch stands.</summary>
    private void Applied(Batch batch, IReadOnlyList<BudgetWindow> backfilled)
    {
        try
        {
            var book = _book!;
            book.Apply(batch.Writes!);
            foreach (var window in backfilled) book.Book.Recall(window);
            Publish(batch.Writes!, backfilled);
            Forget(batch, next: null);
            if (batch.IsAlone) book.Book.ForgetRecalled();
        }
        catch (Exception)
        {
            Rebuild();
        }
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

    /// <summary>On the committer's thread. A failure is left to whoever lands the batch.</summary>
    private void CommitInFlight()
    {
        var batch = _inFlight!;
        try
        {
            Commit(batch.Writes!, backfilled: null);
            _inFlightFailure = null;
        }
        catch (Exception failure)
        {
            _inFlightFailure = failure;
            return;
        }

        Failure = null;
        try
        {
            Publish(batch.Writes!, []);
        }
        catch (Exception)
        {
            _imageIsStale = true;
        }

        batch.Answer();
    }

    /// <summary>What the batch ended or looked up need no longer be in memory: it is durable, and found again by its id.</summary>
    private void Forget(Batch batch, Batch? next)
    {
        if (_book is not { } book) return;
        var stays = next is { Revisited.Count: > 0 } ? new HashSet<AttemptId>(next.Revisited) : null;
        foreach (var id in batch.Revisited) Forget(id);
        if (batch.Writes is { } writes)
        {
            foreach (var end in writes.HoldsEnded) Forget(end.Hold.Id);
            foreach (var row in writes.Usage) Forget(row.Usage.Id);
        }

        // What is decided already may name the same objects; it drops them in its turn.
        if (next is null) book.Book.ForgetObjects();

        void Forget(AttemptId id)
        {
            if (stays is null || !stays.Contains(id)) book.Forget(id);
        }
    }
}
