using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>The buckets' hash chains in the tables.</summary>
internal sealed class PostgresChainReader(PostgresConnections connections, Buckets layout) : IChainReader
{
    // A commit is recorded when its postings are, or later: from there on the index of times leads to it.
    public async Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        var found = await connections.RunAsync(connection => new PgQuery("SELECT c.commit_no, c.hash FROM chain c")
            .Where("c.bucket = ? AND c.last_posting >= ?", bucket, posting)

            // Of a posting that an archive has only the number is known.
            .Where("c.recorded_at >= coalesce((SELECT p.recorded_at FROM postings p WHERE p.bucket = ? AND p.seq = ?), 0)", bucket, posting)
            .Then("ORDER BY c.recorded_at, c.commit_no LIMIT 1")
            .ListAsync(connection, row => new CommitLink(row.Int64(0), row.Bytes(1).ToArray())));
        return found.Count == 1 ? found[0] : throw new ArgumentOutOfRangeException(nameof(posting), posting, "No commit has this posting yet.");
    }

    public Task<IReadOnlyList<BucketHead>> HeadsAsync(CancellationToken cancellationToken) =>
        connections.RunAsync<IReadOnlyList<BucketHead>>(async connection =>
        await new PgQuery("SELECT h.bucket::bigint, h.commit_no, h.hash FROM heads h").Then("ORDER BY h.bucket")
            .ListAsync(connection, row => new BucketHead((int)row.Int64(0), row.Int64(1), row.Int64(1) == 0 ? "" : Convert.ToHexStringLower(row.Bytes(2)))));

    public Task<byte[]?> HashAsync(int bucket, long commit, CancellationToken cancellationToken) => connections.RunAsync(async connection =>
        (await new PgQuery("SELECT c.hash FROM chain c").Where("c.bucket = ? AND c.commit_no = ?", bucket, commit).ListAsync(
            connection, row => row.Bytes(0).ToArray())).FirstOrDefault());

    public async Task<IReadOnlyList<CommitProof>> CommitsAsync(CommitProofQuery query, CancellationToken cancellationToken)
    {
        try
        {
            return await connections.ReadAsync(tables =>
            {
                tables.Show(layout.Of(query.Org));
                return CommitRows.Of(tables, query);
            });
        }
        catch (Exception damaged) when (UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
    }
}
