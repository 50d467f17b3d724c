namespace Tieout.Storage.Writing;

/// <summary>Finds the command that a batch fails for, records it in quarantine, and carries out the others.</summary>
internal sealed partial class LedgerPipeline
{
    /// <summary>How often a command that cannot be decided makes the book be read anew, in case the fault is the book's. Reading a large one takes a
    /// second.</summary>
    private static readonly TimeSpan ReloadEvery = TimeSpan.FromMinutes(1);

    private long _loadedAt;

    /// <summary>The failure, if the store failed and not a command; null: a command of the batch, or this program, is at fault.</summary>
    internal static StoreUnavailableException? WorldFailure(Exception failure) => failure switch
    {
        StoreUnavailableException world => world,
        OutOfMemoryException =>
            new("The server has not enough memory for the batch. Send fewer or smaller commands at once.", StoreEffect.None, StoreFault.Busy, failure),
        StoreCorruptException { IsFile: true } => new(failure.Message, StoreEffect.None, StoreFault.ReadOnly, failure),
        _ => null,
    };

    /// <summary>Carries out a batch piece by piece, so that only the commands at fault are left out. Nothing may be in flight.</summary>
    /// <param name="broken">Why the batch as a whole could not be decided or stored.</param>
    private void Isolate(Batch batch, Exception broken)
    {
        Forget(batch, next: null);
        if (batch.IsQuarantine)
        {
            NotQuarantined(batch, broken);
        }
        else if (batch.Commands.Count > 1)
        {
            var (first, second) = batch.Split();
            if (first.DropEnded()) Run(first, handOver: false);
            if (second.DropEnded()) Run(second, handOver: false);
        }
        else if (batch.WasTriedAlone)
        {
            Quarantine(batch, broken);
        }
        else
        {
            batch.WasTriedAlone = true;
            batch.Revisited.Clear();
            if (_clock.GetElapsedTime(_loadedAt) >= ReloadEvery) DropBook();
            Run(batch, handOver: false);
        }
    }

    private void Quarantine(Batch batch, Exception broken)
    {
        try
        {
            var (record, outcome) = QuarantinedCommand.Of(batch.Commands[0], broken, _book!.Book);
            batch.Quarantine(record, outcome);
            if (TryDecide(batch) is { } failure) NotQuarantined(batch, failure);
            else Commit(batch, handOver: false);
        }
        catch (Exception failure) when (failure is not StoreUnavailableException)
        {
            NotQuarantined(batch, failure);
        }
    }

    /// <summary>The sender keeps the command: it is not done, and not recorded. Health says so until something is committed again.</summary>
    private void NotQuarantined(Batch batch, Exception failure)
    {
        var unavailable = new StoreUnavailableException(
            $"A command could not be decided, and could not be recorded in quarantine: {failure.Message}", StoreEffect.None, StoreFault.InputOutput, failure);
        Failed(unavailable);
        batch.Fail(unavailable);
    }
}
