using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Detaching;

namespace Tieout.Storage;

/// <summary>The durable ledger: the one write path, and the reads that go with it.</summary>
/// <remarks>Every implementation passes the same contract tests in <c>tests/Tieout.Storage.Tests</c>.</remarks>
public interface ILedger : IAsyncDisposable
{
    /// <summary>Decides a command and makes it durable, together with whatever else is waiting.</summary>
    /// <returns>Its outcome, once that is on disk. A refusal is an outcome too.</returns>
    /// <exception cref="StoreUnavailableException">The store failed; the exception says whether the effect is known. Safe to submit again: ids count
    /// once.</exception>
    /// <exception cref="OperationCanceledException">Given up before it was taken up; nothing was done.</exception>
    ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken = default);

    /// <summary>Submits commands that are decided in this order; each stands or is refused by itself.</summary>
    /// <inheritdoc cref="SubmitAsync(Command, CancellationToken)"/>
    ValueTask<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken = default);

    /// <summary>Puts figures that follow from rows back to what their rows come to: stored and shown, between two commits. No row changes.</summary>
    /// <param name="drifts">As a reconciliation measured them, whatever was committed since.</param>
    /// <exception cref="StoreUnavailableException">Says whether the effect is known. Doing it twice is doing it once.</exception>
    Task RepairAsync(IReadOnlyList<FigureDrift> drifts);

    /// <summary>Takes archived months out of the ledger, or goes on with it, while commands are decided as ever. Rows go in small transactions between
    /// theirs.</summary>
    /// <exception cref="StoreUnavailableException">The plan is not what the ledger and the archive come to now, or the store failed. Calling it again goes
    /// on.</exception>
    /// <exception cref="StoreCorruptException">The ledger or the archive is damaged.</exception>
    Task<DetachReport> DetachAsync(DetachOrder order, IProgress<RowProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Sets what orgs may occupy, from the next decision on. To be the same on every node of a store.</summary>
    void Limit(LedgerLimits limits);

    /// <summary>How the write path is doing.</summary>
    LedgerHealth Health { get; }

    /// <summary>Current figures and stored rows.</summary>
    ILedgerReader Read { get; }

    /// <summary>What became of the outbox's messages.</summary>
    IDeliveries Deliveries { get; }

    /// <summary>Requests that the server refused.</summary>
    IRefusedRequests RefusedRequests { get; }

    /// <summary>When each key was last used.</summary>
    IKeyUses KeyUses { get; }

    /// <summary>What counts committed rows for reports.</summary>
    IFollower Follower { get; }

    /// <summary>Whether this node does now what one node is enough for, such as expiring holds. All of it is safe to do twice.</summary>
    bool IsLeader => true;
}

/// <summary>How the write path is doing.</summary>
/// <param name="IsWritable">Whether new commands can be made durable now.</param>
/// <param name="Reason">Why not, in one sentence.</param>
/// <param name="QueueDepth">Commands that wait for a commit.</param>
/// <param name="LastCommitMs">How long the last commit took, in milliseconds.</param>
public sealed record LedgerHealth(bool IsWritable, string? Reason, int QueueDepth, decimal LastCommitMs, long Commit, Instant? LastWriteAt)
{
    /// <summary>Whether nothing can be written until the store is repaired; <see cref="Reason"/> names what is wrong. Reads go on.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>How long a writer with something to do has not moved; zero: it moves, or has nothing to do.</summary>
    public TimeSpan Stalled { get; init; }

    /// <summary>Commands that are in quarantine.</summary>
    public int Quarantined { get; init; }
}
