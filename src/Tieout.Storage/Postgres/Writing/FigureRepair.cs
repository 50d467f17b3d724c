using Npgsql;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Reconciliation;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>Writes figures of a bucket as their rows come to, under the lock of its head.</summary>
/// <remarks>
/// A figure is written whole, not moved by its drift: a node with the right figure in memory may have written over the drift since it was measured. It is a
/// commit of its own, a link of the chain over no rows, so that every node's memory catches up with it as with any other commit.
/// </remarks>
internal static class FigureRepair
{
    /// <returns>The commit.</returns>
    /// <exception cref="StoreUnavailableException">Says whether the effect is known. Doing it twice is doing it once.</exception>
    public static async Task<long> RunAsync(PostgresConnections connections, int bucket, IReadOnlyList<FigureDrift> drifts, TimeProvider clock)
    {
        var committing = false;
        try
        {
            // Most of what came since the run is read before the bucket is locked.
            drifts = await AdvanceAsync(connections, bucket, drifts);
            await using var writing = await connections.OpenAsync();
            var head = await BucketCommit.LockAsync(writing, bucket);
            drifts = await AdvanceAsync(connections, bucket, drifts);
            var chain = Link(head, Instant.From(clock.GetUtcNow()));
            await using var batch = new NpgsqlBatch(writing);
            Add(batch, bucket, drifts, chain.Commit);
            Tables.Chain.Insert(batch, bucket, [chain]);
            BucketCommit.MoveHead(batch, bucket, chain, head.FirstOpenHold);
            batch.Add(BucketCommit.Commit);
            committing = true;
            await batch.ExecuteNonQueryAsync();
            return chain.Commit;
        }
        catch (Exception failure) when (PostgresFailure.IsWorld(failure))
        {
            throw PostgresFailure.ToUnavailable(failure, committing && !PostgresFailure.IsRefusal(failure) ? StoreEffect.Unknown : StoreEffect.None);
        }
    }

    private static Task<FigureDrift[]> AdvanceAsync(PostgresConnections connections, int bucket, IReadOnlyList<FigureDrift> drifts) =>
        connections.ReadAsync(tables =>
    {
        tables.Show(bucket);
        return drifts.Select(drift => FigureRebuild.Advance(tables, drift)).ToArray();
    });

    private static void Add(NpgsqlBatch batch, int bucket, IReadOnlyList<FigureDrift> drifts, long commit)
    {
        Tables.Accounts.Insert(batch, bucket, [.. drifts.OfType<FigureDrift.OfAccount>().Select(drift => new InCommit<Account>(drift.Expected, commit))]);
        Tables.Windows.Insert(batch, bucket, [.. drifts.OfType<FigureDrift.OfWindow>().Select(drift => new InCommit<BudgetWindow>(drift.Expected, commit))]);
        var cells = drifts.OfType<FigureDrift.OfCell>().Select(drift => drift.Expected).ToList();
        foreach (var cell in cells) batch.Add("DELETE FROM cells WHERE bucket = $1 AND hour = $2 AND attribution = $3", bucket, cell.Key.Hour, cell.Key.Labels);
        Tables.Cells.Insert(batch, bucket, cells);
    }

    /// <summary>The next link, over no rows.</summary>
    private static ChainRow Link(Head head, Instant now)
    {
        var (commit, recordedAt) = (head.Chain.Commit + 1, now > head.Chain.RecordedAt ? now : head.Chain.RecordedAt);
        using var bytes = new RowBytes();
        bytes.Begin(head.Chain.Hash, commit, recordedAt);
        return new(commit, head.Chain.Hash, bytes.End(), recordedAt, head.Chain.Last with { Commit = commit });
    }
}
