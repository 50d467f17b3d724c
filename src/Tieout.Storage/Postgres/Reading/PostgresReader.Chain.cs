namespace Tieout.Storage.Postgres.Reading;

/// <summary>The hash chain, for proofs.</summary>
internal sealed partial class PostgresReader
{
    // A commit is recorded when its postings are, or later: from there on the index of times leads to it.
    public async Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        var found = await connections.RunAsync(connection => new PgQuery("SELECT c.commit_no, c.hash FROM chain c")
            .Where("c.bucket = ? AND c.last_posting >= ?", bucket, posting)
            .Where("c.recorded_at >= (SELECT p.recorded_at FROM postings p WHERE p.bucket = ? AND p.seq = ?)", bucket, posting)
            .Then("ORDER BY c.recorded_at, c.commit_no LIMIT 1")
            .ListAsync(connection, row => new CommitLink(row.Int64(0), row.Bytes(1).ToArray())));
        return found.Count == 1 ? found[0] : throw new ArgumentOutOfRangeException(nameof(posting), posting, "No commit has this posting yet.");
    }
}
