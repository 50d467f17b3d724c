using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Simulated;

/// <summary>Faults of a store that last until they are ended.</summary>
[Flags]
internal enum StoreFaults
{
    None = 0,
    Full = 1,
    CannotRead = 2,
    FlushBroken = 4,
    Damaged = 8,
}

/// <summary>What is wrong with a command that the ledger cannot carry out, or can only with difficulty.</summary>
internal enum Poison
{
    Invariant = 0,
    Overflow,
    Misuse,
    DamagedRow,
    Null,
    Constraint,

    /// <summary>Memory cannot take it in, but the disk can: it stands as soon as it is durable.</summary>
    OnlyMemory,
}

/// <summary>A store with faults as the simulation plans them, over a disk that survives it.</summary>
internal sealed class SimulatedStore(SimulatedDisk disk, Dictionary<AttemptId, Poison> poison) : ILedgerStore
{
    private readonly Queue<Exception> _nextCommits = new();
    private bool _hasFailedForNoReason;
    private long _flushed = disk.Postings;

    public StoreFaults Faults { get; set; }

    /// <summary>How many loads there were: an outage must not read the book again for each batch.</summary>
    public int Loads { get; private set; }

    public long PostingsPending => disk.Postings - _flushed;

    /// <summary>The next commit fails like this. One of unknown effect may come back with a restart.</summary>
    public void FailNextCommit(Exception failure)
    {
        if (_nextCommits.Count == 0) _nextCommits.Enqueue(failure);
    }

    /// <summary>One commit fails for no reason. Once only: a command that fails like this again and again goes into quarantine, and rightly.</summary>
    public void FailOnceForNoReason()
    {
        if (_hasFailedForNoReason) return;
        _hasFailedForNoReason = true;
        FailNextCommit(new InvalidOperationException("for no reason"));
    }

    public void ClearFaults()
    {
        Faults = StoreFaults.None;
        _nextCommits.Clear();
    }

    public IStoredBook Load(Instant now)
    {
        Loads++;
        ThrowIf(StoreFaults.CannotRead);
        return new SimulatedBook(this, disk, poison, Faults.HasFlag(StoreFaults.Damaged) ? "Row 17 of table settings cannot be loaded." : null);
    }

    public Instant? LastRecordedAt() => disk.LastRecordedAt;

    public void Commit(WriteSet writes, IReadOnlyList<BudgetWindow>? backfilled = null, long firstOpenHold = 0)
    {
        ThrowIf(StoreFaults.Full);
        if (_nextCommits.TryDequeue(out var failure))
        {
            if (failure is StoreUnavailableException { Effect: StoreEffect.Unknown }) disk.Lose(writes);
            throw failure;
        }

        foreach (var row in writes.Usage)
        {
            if (poison.TryGetValue(row.Usage.Id, out var kind) && kind == Poison.Constraint) throw new InvalidOperationException("CHECK constraint failed.");
        }

        disk.Commit(writes);
    }

    public void Flush(long firstOpenHold)
    {
        ThrowIf(StoreFaults.Full);
        if (Faults.HasFlag(StoreFaults.FlushBroken)) throw new OverflowException("The cell of hour 5 overflows.");
        _flushed = disk.Postings;
    }

    public void Repair(Book book, IReadOnlyList<FigureDrift> drifts) => ThrowIf(StoreFaults.Full);

    public void Probe() => ThrowIf(StoreFaults.Full);

    public IReadOnlyList<BudgetWindow> Backfill(Book book, BudgetState budget, Instant now) => [];

    public void Dispose()
    {
    }

    internal void ThrowIf(StoreFaults fault)
    {
        if (Faults.HasFlag(fault))
        {
            throw new StoreUnavailableException(fault.ToString(), StoreEffect.None, fault == StoreFaults.Full ? StoreFault.Full : StoreFault.InputOutput);
        }
    }
}

/// <summary>A book over the simulated disk: holds open holds only, and looks everything else up.</summary>
internal sealed class SimulatedBook(SimulatedStore store, SimulatedDisk disk, Dictionary<AttemptId, Poison> poison, string? damage) : IStoredBook
{
    public Book Book { get; } = disk.Load();

    public string? Damage => damage;

    public void Prefetch(IReadOnlyList<Command> commands, List<AttemptId> revisited, bool isCommitting)
    {
        store.ThrowIf(StoreFaults.CannotRead);
        var footprint = Book.Begin(commands);
        foreach (var id in footprint.Attempts) Recall(id, revisited);
        foreach (var id in footprint.Commands)
        {
            if (disk.Commands.TryGetValue(id, out var row)) Book.Recall(row);
        }

        foreach (var id in footprint.Messages)
        {
            if (disk.Outbox.TryGetValue(id, out var row)) Book.Recall(row);
        }

        foreach (var key in footprint.Records)
        {
            if (disk.Records.TryGetValue(key, out var row)) Book.Recall(row);
        }

        footprint.AddWindows(Book);
    }

    public void Apply(WriteSet writes)
    {
        foreach (var row in writes.Usage)
        {
            if (poison.TryGetValue(row.Usage.Id, out var kind) && kind == Poison.OnlyMemory) throw new OverflowException("Memory only.");
        }

        Book.Apply(writes);
    }

    public void Forget(AttemptId id)
    {
        if (Book.Attempt(id) is { State: not HoldState.Open }) Book.Forget(id);
    }

    public List<WindowKey> LetGo(Instant now)
    {
        Book.ForgetRecalled();
        return [];
    }

    public void Dispose()
    {
    }

    private void Recall(AttemptId id, List<AttemptId> revisited)
    {
        if (poison.TryGetValue(id, out var kind)) Fail(kind);
        if (Book.Attempt(id) is null)
        {
            if (!disk.Attempts.TryGetValue(id, out var known)) return;
            Book.Recall(id, known);
        }

        revisited.Add(id);
    }

    private static void Fail(Poison kind)
    {
        switch (kind)
        {
            case Poison.Invariant: throw new InvariantBrokenException("L1", "simulated");
            case Poison.Overflow: throw new OverflowException("simulated");
            case Poison.Misuse: throw new ArgumentException("simulated");
            case Poison.DamagedRow: throw new StoreCorruptException("simulated");
            case Poison.Null: throw new InvalidOperationException("simulated");
        }
    }
}
