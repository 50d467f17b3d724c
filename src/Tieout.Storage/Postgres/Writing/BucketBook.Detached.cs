using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Rows;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>What decisions must know of rows that left the bucket for an archive, or are about to.</summary>
internal sealed partial class BucketBook
{
    private async Task RecallCorrectionAsync(NpgsqlConnection connection, long after)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT coalesce(max(seq), 0) FROM postings WHERE bucket = $1 AND seq > $2 AND kind >= 3 AND command_id IS NOT NULL", bucket, after);
        await using var reader = await batch.ExecuteReaderAsync();
        var last = (await reader.ListAsync(row => row.Int64(0))).Single();
        lock (_gate) Book.RecallCorrection(last);
    }

    /// <summary>Whether a row of detached months stays. The others are there until they are removed, and nothing is decided on them any more.</summary>
    private async Task<bool> StaysAsync(NpgsqlConnection connection, Detachment gone, string table, long seq)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT seq FROM detached_stay WHERE bucket = $1 AND cut = $2 AND of_table = $3 AND seq = $4", bucket, gone.Last.Commit, table, seq);
        await using var reader = await batch.ExecuteReaderAsync();
        return (await reader.ListAsync(row => row.Int64(0))).Count > 0;
    }
}
