using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Ledger;

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
}
