using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage;

/// <summary>Counts committed rows beside the writer, each once: what reports read instead of rows, and what cells, windows and balances are compared
/// with.</summary>
/// <remarks>Reports are exact and current whether it runs or not: they add the rows after its position. The further it is behind, the longer that
/// takes.</remarks>
public interface IFollower
{
    FollowerStanding Standing { get; }

    /// <summary>Counts the next rows, at most some ten thousand. One step at a time; of two nodes that count the same rows, one does
    /// and the other's step counts nothing.</summary>
    /// <exception cref="StoreUnavailableException">The store is away. Nothing was counted, or all of the step: the next one goes on from there.</exception>
    /// <exception cref="StoreCorruptException">Rows cannot be counted; the message names them.</exception>
    Task<FollowerProgress> StepAsync(CancellationToken cancellationToken);

    /// <summary>Drops everything that was counted; the next steps count it anew.</summary>
    Task ResetAsync(CancellationToken cancellationToken);
}

/// <param name="Rows">Counted in this step.</param>
/// <param name="IsCurrent">Whether nothing that could be counted was left.</param>
/// <param name="Drifts">Cells, daily counters and balances that do not say what the counted rows come to. Each is compared again with every step until it
/// does.</param>
public sealed record FollowerProgress(long Rows, bool IsCurrent, IReadOnlyList<Finding> Drifts);

/// <summary>How the follower is doing.</summary>
/// <param name="RowsBehind">Rows that are committed and not counted, at the last step.</param>
/// <param name="Compared">Figures that were compared with what the rows come to, since the start.</param>
/// <param name="Drifts">As of the last step.</param>
public sealed record FollowerStanding(long RowsBehind, long Compared, IReadOnlyList<Finding> Drifts)
{
    public static FollowerStanding None { get; } = new(0, 0, []);
}
