using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Postgres.Moving;

/// <summary>Moves when each key was last used.</summary>
internal static class MoveKeyUses
{
    private const int PageRows = 1_000;

    public static async Task RunAsync(RawConnection source, NpgsqlConnection target, CancellationToken cancellationToken)
    {
        foreach (var page in new Query("SELECT org, key, used_at FROM key_uses").List(source, row => (Org: row.Text(0), Key: row.Text(1), At: row.Int64(2)))
            .Chunk(PageRows))
        {
            await using var batch = new NpgsqlBatch(target);
            foreach (var use in page) batch.Add("INSERT INTO key_uses VALUES (0, $1, $2, $3)", use.Org, use.Key, use.At);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
