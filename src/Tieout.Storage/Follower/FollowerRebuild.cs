using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Follower;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Follower;

namespace Tieout.Storage.Follower;

/// <summary>Drops what the follower of a store counted and counts every row anew.</summary>
public static class FollowerRebuild
{
    /// <param name="folder">The data folder of an embedded ledger. No server may use it meanwhile.</param>
    /// <exception cref="DataFolderInUseException">A server has it.</exception>
    /// <exception cref="StoreUnavailableException">There is no ledger in the folder, or it cannot be used.</exception>
    /// <exception cref="StoreCorruptException">Rows cannot be counted; the message names them.</exception>
    /// <param name="archive">The archive that has the detached rows of the ledger; null: none were detached.</param>
    public static async Task<RebuildReport> SqliteAsync(
        string folder, string? archive = null, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (!File.Exists(DataFolder.DatabaseIn(folder)))
        {
            throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);
        }

        await using var ledger = SqliteLedger.Open(folder);
        await ledger.FlushAsync();
        if (ledger.Book?.Detached is not { } detached) return await RunAsync(ledger.Follower, progress, cancellationToken);
        if (archive is null) throw NeedsArchive(detached);
        long counted = 0;
        await Task.Run(() => ArchivedLedger.Use(
            archive, detached, tables => counted = ((SqliteFollower)ledger.Follower).CountAnew(tables, detached.Last.Commit)), cancellationToken);
        return await RunAsync(ledger.Follower, progress, cancellationToken, counted, isReset: true);
    }

    /// <param name="store">The address of a PostgreSQL store. Servers may use it meanwhile; they count, too.</param>
    /// <inheritdoc cref="SqliteAsync"/>
    public static async Task<RebuildReport> PostgresAsync(
        string store, string? archive = null, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using var connections = new PostgresConnections(store);
        var layout = await connections.AskAsync(connection => PostgresSchema.LayoutAsync(connection, cancellationToken));
        using var follower = new PostgresFollower(connections, layout.All);
        var detached = await connections.AskAsync(async connection =>
        {
            var found = new Dictionary<int, Detachment>();
            for (var bucket = 0; bucket < layout.All; bucket++)
            {
                if (await PostgresDetachedGuard.NewestAsync(connection, bucket) is { } gone) found[bucket] = gone;
            }

            return found;
        });
        if (detached.Count == 0) return await RunAsync(follower, progress, cancellationToken);
        if (archive is null) throw NeedsArchive(detached.Values.First());
        await follower.ResetAsync(cancellationToken);
        var counted = 0L;
        foreach (var (bucket, gone) in detached)
        {
            await Task.Run(() => ArchivedLedger.Use(
                archive, gone, tables => counted += follower.CountAnewAsync(bucket, tables, gone.Last.Commit, cancellationToken).GetAwaiter().GetResult()),
                cancellationToken);
        }

        return await RunAsync(follower, progress, cancellationToken, counted, isReset: true);
    }

    private static StoreUnavailableException NeedsArchive(Detachment detached) => new(
        $"{detached.Sentence} Counting anew needs them: run the command with --archive.", StoreEffect.None, StoreFault.NotWritable);

    /// <param name="counted">Rows that were counted anew before.</param>
    /// <param name="isReset">Whether what was counted is dropped already.</param>
    private static async Task<RebuildReport> RunAsync(
        IFollower follower, IProgress<RowProgress>? progress, CancellationToken cancellationToken, long counted = 0, bool isReset = false)
    {
        if (!isReset) await follower.ResetAsync(cancellationToken);
        for (var rows = counted; ;)
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
