using Npgsql;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>Finds the command that a batch fails for, records it in quarantine, and carries out the others. For whoever has the turn.</summary>
internal sealed partial class Bucket
{
    /// <summary>As in the embedded store: in case the fault is the book's, it is read anew, but not for every command that is at fault.</summary>
    private static readonly TimeSpan ReloadEvery = TimeSpan.FromMinutes(1);

    private long _reloadedAt;

    /// <summary>Answers or fails the batch, whatever happens.</summary>
    private async Task CommitOrIsolateAsync(Batch batch)
    {
        try
        {
            await CommitAsync(batch);
            _readOnly = null;
        }
        catch (Exception failure) when (LedgerPipeline.WorldFailure(failure) is not null)
        {
            Failed(batch, LedgerPipeline.WorldFailure(failure)!);
        }
        catch (Exception broken)
        {
            await IsolateAsync(batch, broken);
        }
    }

    private async Task IsolateAsync(Batch batch, Exception broken)
    {
        batch.Revisited.Clear();
        if (batch.IsQuarantine)
        {
            NotQuarantined(batch, broken);
        }
        else if (batch.Commands.Count > 1)
        {
            var (first, second) = batch.Split();
            if (first.DropEnded()) await CommitOrIsolateAsync(first);
            if (second.DropEnded()) await CommitOrIsolateAsync(second);
        }
        else if (batch.WasTriedAlone)
        {
            await QuarantineAsync(batch, broken);
        }
        else
        {
            batch.WasTriedAlone = true;
            if (_reloadedAt == 0 || clock.GetElapsedTime(_reloadedAt) >= ReloadEvery)
            {
                _reloadedAt = clock.GetTimestamp();
                _isDoubtful = true;
            }

            await CommitOrIsolateAsync(batch);
        }
    }

    private async Task QuarantineAsync(Batch batch, Exception broken)
    {
        try
        {
            var (record, outcome) = QuarantinedCommand.Of(batch.Commands[0], broken, _book.Book);
            batch.Quarantine(record, outcome);
        }
        catch (Exception failure)
        {
            NotQuarantined(batch, failure);
            return;
        }

        await CommitOrIsolateAsync(batch);
    }

    /// <summary>The sender keeps the command: it is not done, and not recorded. Health says so until something is committed again.</summary>
    private void NotQuarantined(Batch batch, Exception failure) => Failed(batch, new(
        $"A command could not be decided, and could not be recorded in quarantine: {failure.Message}", StoreEffect.None, StoreFault.InputOutput, failure));

    private void Failed(Batch batch, StoreUnavailableException failure)
    {
        if (failure.Fault == StoreFault.ReadOnly) ReadOnly(failure.Message);
        else connections.Failed(failure.Message);
        batch.Fail(failure);
    }

    private StoreUnavailableException NotLoaded() => _readOnly is { } reason
        ? new(reason, StoreEffect.None, StoreFault.ReadOnly)
        : new($"Bucket {number} is not loaded yet: the database has not answered.", StoreEffect.None, StoreFault.Busy);

    private void ReadOnly(string reason) => (_readOnlyAt, _readOnly) = (clock.GetTimestamp(), reason);

    /// <summary>Brings the book up. What cannot be loaded is no command's fault.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be loaded; the bucket is read-only.</exception>
    private async Task LoadAsync(NpgsqlConnection connection, Head head, long asked)
    {
        try
        {
            // What could not be read the last time may have been repaired.
            _isDoubtful |= _book.Damage is not null;
            await StandAtAsync(connection, head, asked);
        }
        catch (Exception broken) when (!PostgresFailure.IsWorld(broken) && broken is not StoreUnavailableException)
        {
            throw new StoreUnavailableException($"Bucket {number} cannot be loaded: {broken.Message}", StoreEffect.None, StoreFault.ReadOnly, broken);
        }

        if (_book.Damage is { } damage) throw new StoreUnavailableException(damage, StoreEffect.None, StoreFault.ReadOnly);
    }

    /// <summary>Takes in a commit that is durable. If memory cannot take it in, it is read anew: the commit stands.</summary>
    private void Applied(BucketBook book, WriteSet writes, IReadOnlyList<BudgetWindow> backfilled, List<AttemptId> revisited)
    {
        try
        {
            book.Apply(writes, backfilled, revisited);
        }
        catch (Exception)
        {
            _isDoubtful = true;
        }
    }
}
