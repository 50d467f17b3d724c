using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Follower;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Follower;

/// <summary>Drops what the follower of a store counted and counts every row anew.</summary>
public static class FollowerRebuild
{
    /// <param name="folder">The data folder of an embedded ledger. No server may use it meanwhile.</param>
    /// <exception cref="DataFolderInUseException">A server has it.</exception>
    /// <exception cref="StoreUnavailableException">There is no ledger in the folder, or it cannot be used.</exception>
    /// <exception cref="StoreCorruptException">Rows cannot be counted; the message names them.</exception>
    public static async Task<RebuildReport> SqliteAsync(string folder, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (!File.Exists(DataFolder.DatabaseIn(folder)))
        {
            throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);
        }

        await using var ledger = SqliteLedger.Open(folder);
        await ledger.FlushAsync();
        return await RunAsync(ledger.Follower, progress, cancellationToken);
    }

    /// <param name="store">The address of a PostgreSQL store. Servers may use it meanwhile; they count, too.</param>
    /// <inheritdoc cref="SqliteAsync"/>
    public static async Task<RebuildReport> PostgresAsync(string store, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using var connections = new PostgresConnections(store);
        var layout = await connections.AskAsync(connection => PostgresSchema.LayoutAsync(connection, cancellationToken));
        using var follower = new PostgresFollower(connections, layout.All);
        return await RunAsync(follower, progress, cancellationToken);
    }

    private static async Task<RebuildReport> RunAsync(IFollower follower, IProgress<RowProgress>? progress, CancellationToken cancellationToken)
    {
        await follower.ResetAsync(cancellationToken);
        for (long rows = 0; ;)
        {
            var step = await follower.StepAsync(cancellationToken);
            rows += step.Rows;
            progress?.Report(new(rows, rows + follower.Standing.RowsBehind));
            if (step.IsCurrent) return new(rows, follower.Standing.Drifts);
        }
    }
}

/// <param name="Rows">Counted by this run.</param>
/// <param name="Differences">Cells, daily counters and balances that do not say what the rows come to.</param>
public sealed record RebuildReport(long Rows, IReadOnlyList<Finding> Differences);
