using System.Diagnostics;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Writing;

/// <summary>Commits decided batches, here or on the committer's thread, and brings the book and the image up to them.</summary>
internal sealed partial class LedgerPipeline
{
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
            batch.IsDurable = true;
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
            batch.IsDurable = true;
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
