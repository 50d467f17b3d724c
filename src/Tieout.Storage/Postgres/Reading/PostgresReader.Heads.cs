using Tieout.Core.Ledger;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>The ends of the buckets' hash chains, for evidence outside the database.</summary>
internal sealed partial class PostgresReader
{
    public Task<IReadOnlyList<BucketHead>> HeadsAsync(CancellationToken cancellationToken) => connections.RunAsync<IReadOnlyList<BucketHead>>(async connection =>
        await new PgQuery("SELECT h.bucket::bigint, h.commit_no, h.hash FROM heads h").Then("ORDER BY h.bucket")
            .ListAsync(connection, row => new BucketHead((int)row.Int64(0), row.Int64(1), row.Int64(1) == 0 ? "" : Convert.ToHexStringLower(row.Bytes(2)))));

    public Task<byte[]?> HashAsync(int bucket, long commit, CancellationToken cancellationToken) => connections.RunAsync(async connection =>
        (await new PgQuery("SELECT c.hash FROM chain c").Where("c.bucket = ? AND c.commit_no = ?", bucket, commit).ListAsync(connection, row => row.Bytes(0).ToArray())).FirstOrDefault());
}
