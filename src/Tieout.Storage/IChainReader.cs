using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>The hash chain of each bucket, for proofs and for evidence outside the store.</summary>
public interface IChainReader
{
    /// <summary>The commit that a posting became durable in, and its link of the hash chain: what a proof names.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such posting yet.</exception>
    Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken);

    /// <summary>The durable end of each bucket's hash chain, in the order of the buckets.</summary>
    Task<IReadOnlyList<BucketHead>> HeadsAsync(CancellationToken cancellationToken);

    /// <summary>The hash of one commit; null: there is none.</summary>
    Task<byte[]?> HashAsync(int bucket, long commit, CancellationToken cancellationToken);

    /// <summary>Commits of an org's book with every row that their hashes cover, rows of others among them: a caller shows those to nobody.</summary>
    /// <exception cref="RowsArchivedException">An archive has rows of one of them.</exception>
    Task<IReadOnlyList<CommitProof>> CommitsAsync(CommitProofQuery query, CancellationToken cancellationToken);
}

/// <param name="Hash">SHA-256 over the commit and all before it (L8).</param>
public sealed record CommitLink(long Commit, ReadOnlyMemory<byte> Hash);
