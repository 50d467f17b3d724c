using System.Diagnostics.CodeAnalysis;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Writing;

/// <summary>Flushing, repairing, and coming back after a failure.</summary>
internal sealed partial class LedgerPipeline
{
    // As much as could be read of a book with damage: for readers of a ledger that starts read-only.
    private Book? _damaged;

    /// <summary>Brings the tables that SQL readers see up to the last commit, and drops windows long over from memory.</summary>
    /// <exception cref="StoreUnavailableException">Nothing is lost by it.</exception>
    public void Flush()
    {
        Land(next: null);
        try
        {
            _store.Flush(Read(image => image.FirstOpenHold));
        }
        catch (Exception broken)
        {
            var failure = WorldFailure(broken)
                ?? new StoreUnavailableException(
                    $"The figures of the last commits cannot be written: {broken.Message}", StoreEffect.None, StoreFault.ReadOnly, broken);
            Failed(failure);
            throw failure;
        }

        if (_book is not { } book) return;
        var gone = book.LetGo(Now());
        lock (_imageGate) _image.Forget(gone);
    }

    /// <inheritdoc cref="ILedger.RepairAsync"/>
    public void Repair(IReadOnlyList<FigureDrift> drifts)
    {
        Flush();
        if (_book is not { } book)
        {
            throw new StoreUnavailableException("The last commit failed. Figures can be repaired when the store is back.", StoreEffect.None);
        }

        _store.Repair(book.Book, drifts);

        // Whatever was wrong in memory came from there, or goes with it.
        DropBook();
        EnsureBook();
        PublishBook();
    }

    /// <summary>After a failure: whether the store takes writes again. Clears <see cref="Failure"/> if it does.</summary>
    /// <exception cref="StoreUnavailableException">It does not.</exception>
    public void Probe()
    {
        Land(next: null);
        _store.Probe();
        Failure = null;
    }

    /// <summary>While read-only: loads all of it again. Clears <see cref="ReadOnly"/> if everything can be read and written.</summary>
    /// <exception cref="StoreUnavailableException">It cannot.</exception>
    public void Recover()
    {
        Land(next: null);
        DropBook();
        EnsureBook();
        PublishBook();
        Flush();
        _store.Probe();
        (Failure, ReadOnly) = (null, null);
    }

    /// <summary>Something failed that should not: memory is read anew before anything is decided on it, and health says why.</summary>
    public void Distrust(Exception failure)
    {
        if (failure is StoreUnavailableException known)
        {
            Failed(known);
            return;
        }

        _failing = true;
        Failure = failure.Message;
        if (_inFlight is null) DropBook();
    }

    /// <summary>Notes why the store failed.</summary>
    private void Failed(StoreUnavailableException failure)
    {
        if (failure.Fault == StoreFault.ReadOnly) ReadOnly = failure.Message;
        else Failure = failure.Message;
    }

    private void DropBook()
    {
        _book?.Dispose();
        _book = null;
    }

    /// <exception cref="StoreUnavailableException">It cannot be loaded.</exception>
    [MemberNotNull(nameof(_book))]
    private void EnsureBook()
    {
        if (_book is not null) return;
        if (_image?.LastWriteAt is { } latest && latest > _now) _now = latest;
        IStoredBook book;
        try
        {
            book = _store.Load(Now());
            _loadedAt = _clock.GetTimestamp();
        }
        catch (Exception broken) when (broken is not StoreUnavailableException)
        {
            throw new StoreUnavailableException($"The ledger cannot be loaded: {broken.Message}", StoreEffect.None, StoreFault.ReadOnly, broken);
        }

        if (book.Damage is { } damage)
        {
            _damaged = book.Book;
            book.Dispose();
            throw new StoreUnavailableException(damage, StoreEffect.None, StoreFault.ReadOnly);
        }

        _book = book;
    }

    private void PublishBook()
    {
        lock (_imageGate) _image = new(_book!.Book, LastRecordedAt());
    }

    /// <summary>Memory is not to be trusted after a commit that is durable: reads all of it again.</summary>
    private void Rebuild()
    {
        try
        {
            DropBook();
            EnsureBook();
            PublishBook();
            _imageIsStale = false;
        }
        catch (Exception broken)
        {
            var failure = WorldFailure(broken);
            ReadOnly = $"The last commit is stored and cannot be shown: {failure?.Message ?? broken.Message}";
        }
    }
}
