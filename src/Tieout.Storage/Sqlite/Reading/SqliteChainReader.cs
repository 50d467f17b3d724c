using Tieout.Core.Ledger;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>The hash chain in the file.</summary>
internal sealed class SqliteChainReader(ReadConnections connections) : IChainReader
{
    public Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection =>
    {
        var commit = ChainSearch.CommitOf(connection, "last_posting", posting);
        return new CommitLink(commit.Commit, commit.Hash);
    }));

    public Task<IReadOnlyList<BucketHead>> HeadsAsync(CancellationToken cancellationToken) => Task.FromResult(connections.Read(cancellationToken, connection =>
    {
        var last = new Query("SELECT commit_no, hash FROM chain").Then("ORDER BY commit_no DESC LIMIT 1").List(
            connection, row => new BucketHead(0, row.Int64(0), Convert.ToHexStringLower(row.Bytes(1))));
        return (IReadOnlyList<BucketHead>)(last.Count == 1 ? last : [new(0, 0, "")]);
    }));

    public Task<byte[]?> HashAsync(int bucket, long commit, CancellationToken cancellationToken) =>
        Task.FromResult(bucket != 0 ? null : connections.Read(cancellationToken, connection =>
        new Query("SELECT hash FROM chain").Where("commit_no = ?", commit).List(connection, row => row.Bytes(0).ToArray()).FirstOrDefault()));

    public Task<IReadOnlyList<CommitProof>> CommitsAsync(CommitProofQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection => CommitRows.Of(new SqliteTables(connection), query)));
}
