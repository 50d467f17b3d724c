using Npgsql;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>The statements of one commit: one bucket, one transaction.</summary>
internal static class BucketCommit
{
    /// <summary>Begins a transaction and locks the bucket, which is the only lock that orders writers. One round trip.</summary>
    public static async Task<Head> LockAsync(NpgsqlConnection connection, int bucket)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("BEGIN");
        batch.Add($"SELECT {Reads.HeadColumns} FROM heads WHERE bucket = $1 FOR UPDATE", bucket);
        await using var reader = await batch.ExecuteReaderAsync();
        var heads = await reader.ListAsync(Reads.Head);
        return heads.Count == 1 ? heads[0] : throw new StoreCorruptException($"Bucket {bucket} has no head.");
    }

    /// <summary>Writes what was decided. Nothing of it stands before the last round trip, which <paramref name="committing"/> is called before.</summary>
    public static async Task WriteAsync(
        NpgsqlConnection connection, CopyBuffer buffer, int bucket, WriteSet writes, IReadOnlyList<BudgetWindow> backfilled, long firstOpenHold,
        Action committing)
    {
        var commit = writes.Chain.Commit;
        await using var batch = new NpgsqlBatch(connection);
        var rows = new BucketWriter(connection, batch, buffer, bucket);
        foreach (var table in writes.Filled) await Tables.Chained[table](rows, writes);
        await rows.WriteAsync(Tables.UsageIds, writes.Usage);
        Tables.Accounts.Insert(batch, bucket, [.. writes.Accounts.Select(account => new InCommit<Account>(account, commit))]);
        Tables.Windows.Insert(batch, bucket, [.. writes.Windows.Concat(backfilled).Select(window => new InCommit<BudgetWindow>(window, commit))]);
        Tables.Cells.Insert(batch, bucket, [.. writes.Cells]);
        Tables.Chain.Insert(batch, bucket, [writes.Chain]);
        MoveHead(batch, bucket, writes.Chain, firstOpenHold);
        // A notification serialises commits all over the database, so only what is rare and must be known everywhere sends one.
        if (writes.Settings.Count > 0) batch.Add($"NOTIFY {SettingsChannel}");
        batch.Add(Commit);
        committing();
        await batch.ExecuteNonQueryAsync();
    }

    public const string Commit = "COMMIT";

    public const string SettingsChannel = "tieout_settings";

    /// <summary>The head has the columns of the chain's last row.</summary>
    public static void MoveHead(NpgsqlBatch batch, int bucket, ChainRow chain, long firstOpenHold)
    {
        var command = new NpgsqlBatchCommand(MoveHeadSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = bucket });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = firstOpenHold });
        var parameters = new ParameterColumns(command.Parameters);
        ChainTable.Write(ref parameters, chain);
        batch.BatchCommands.Add(command);
    }

    private static readonly string MoveHeadSql =
        $"UPDATE heads SET {string.Join(", ", TableColumns<ChainTable, ChainRow>.All.Select((column, index) => $"{column.Name} = ${index + 3}"))}, first_open_hold = $2 WHERE bucket = $1";
}
