using Tieout.Core.Ledger;

namespace Tieout.Storage.Verification;

/// <summary>Whether a store contains a signed head: if it does not, it was put back to an earlier state, or it is another store.</summary>
public static class HeadCheck
{
    /// <summary>The check that it reports under.</summary>
    public const string Id = "head";

    /// <param name="hashOf">The hash of a bucket's commit in the store; null: the store does not have the commit.</param>
    /// <returns>What contradicts the head, one sentence a bucket; empty: nothing does.</returns>
    public static async Task<IReadOnlyList<string>> ContradictionsAsync(SignedHead head, Func<int, long, Task<byte[]?>> hashOf)
    {
        var found = new List<string>();
        foreach (var bucket in head.Buckets)
        {
            // Before its first commit a chain contradicts nothing.
            if (bucket.Commit == 0) continue;
            var hash = await hashOf(bucket.Bucket, bucket.Commit);
            if (hash is null)
            {
                found.Add(FormattableString.Invariant(
                    $"the head of {head.At} names commit {bucket.Commit} of bucket {bucket.Bucket}, which the store does not have: it was put back to an earlier state, or it is another store."));
            }
            else if (!string.Equals(Convert.ToHexStringLower(hash), bucket.Hash, StringComparison.Ordinal))
            {
                found.Add(FormattableString.Invariant(
                    $"the head of {head.At} names another commit {bucket.Commit} of bucket {bucket.Bucket} than the store has: it was put back to an earlier state and went on, or it is another store."));
            }
        }

        return found;
    }
}
