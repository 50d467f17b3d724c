using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Writing;

/// <summary>Where the one writer of an embedded ledger makes its commits durable. Implemented by the file, and by a store with planned faults in the
/// simulation.</summary>
internal interface ILedgerStore : IDisposable
{
    /// <summary>Postings since the last flush: what a start would have to replay.</summary>
    long PostingsPending { get; }

    /// <summary>The book as it is durable. Only when nothing is being committed.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be read now.</exception>
    IStoredBook Load(Instant now);

    /// <summary>When the last commit was recorded; null: there is none.</summary>
    Instant? LastRecordedAt();

    /// <summary>Makes a write set durable: on disk when this returns, or nothing of it is.</summary>
    /// <param name="backfilled">The first windows of a budget that is set in it.</param>
    /// <param name="firstOpenHold">No open hold comes before it.</param>
    /// <exception cref="StoreUnavailableException">Says whether it may be there after a restart all the same.</exception>
    /// <exception cref="Exception">A command of the batch cannot be stored. Nothing was written.</exception>
    void Commit(WriteSet writes, IReadOnlyList<BudgetWindow>? backfilled = null, long firstOpenHold = 0);

    /// <summary>Brings accounts, windows and cells in the store up to the last commit.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was lost: they are still rebuilt from the rows.</exception>
    void Flush(long firstOpenHold);

    /// <summary>Puts figures right in the store. Only when all is flushed.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    void Repair(Book book, IReadOnlyList<FigureDrift> drifts);

    /// <summary>Writes something that changes nothing, to learn whether the store takes writes again.</summary>
    /// <exception cref="StoreUnavailableException">It does not.</exception>
    void Probe();

    /// <summary>What the windows of a new budget already count: charges of before it was set (B2). Only when nothing is in flight.</summary>
    IReadOnlyList<BudgetWindow> Backfill(Book book, BudgetState budget, Instant now);
}

/// <summary>The book that decisions are made on, and how it gets from the store what it does not hold. For the thread that decides.</summary>
internal interface IStoredBook : IDisposable
{
    Book Book { get; }

    /// <summary>Why the book must not be decided on, with the row: something of it could not be read. Null: all of it is here.</summary>
    string? Damage { get; }

    /// <summary>Makes the book hold everything that deciding <paramref name="commands"/> looks at.</summary>
    /// <param name="revisited">Gets the ids of attempts that were known before this batch: to be dropped from memory when it is durable.</param>
    /// <param name="isCommitting">Whether a commit is under way.</param>
    void Prefetch(IReadOnlyList<Command> commands, List<AttemptId> revisited, bool isCommitting);

    /// <summary>Takes in what was decided.</summary>
    void Apply(WriteSet writes);

    /// <summary>Drops an attempt unless its hold is open. Only when all that is known of it is durable.</summary>
    void Forget(AttemptId id);

    /// <summary>Drops windows that have long been over and money commands. Only when nothing is in flight and all is flushed.</summary>
    /// <returns>The windows that were dropped.</returns>
    List<WindowKey> LetGo(Instant now);
}
