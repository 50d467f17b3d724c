namespace Tieout.Storage;

/// <summary>How far the figures in memory have come.</summary>
public interface ILedgerPosition
{
    /// <summary>The last durable commit; what the in-memory figures are as of.</summary>
    long AsOf { get; }

    /// <summary>How long ago the store last confirmed the figures in memory, while it cannot be asked; null: they are as new as is promised.</summary>
    TimeSpan? StaleFor => null;

    /// <summary>Compares all figures in memory with the store, so that what is read next has every commit that any node has shown before.</summary>
    /// <param name="commit">As an earlier answer's <see cref="AsOf"/>.</param>
    /// <exception cref="StoreUnavailableException">The store cannot be asked, or has not come so far.</exception>
    Task ReachAsync(long commit) => AsOf >= commit
        ? Task.CompletedTask
        : throw new StoreUnavailableException(
            $"The store has {AsOf} commits, and commit {commit} was asked for: it was read from a later state of the store, or from another one.",
            StoreEffect.None, StoreFault.Busy);
}
