namespace Tieout.Storage.Sqlite.Reading;

/// <summary>The hash chain, for proofs.</summary>
internal sealed partial class SqliteReader
{
    public Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken) => Task.FromResult(_connections.Read(cancellationToken, connection =>
    {
        var commit = ChainSearch.CommitOf(connection, "last_posting", posting);
        return new CommitLink(commit.Commit, commit.Hash);
    }));
}
