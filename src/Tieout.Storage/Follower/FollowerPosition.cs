using Tieout.Core.Ledger;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>How far the follower has come: the last commit whose rows are counted, and the last rows of it.</summary>
/// <param name="Hash">The commit's link of the hash chain, so that lines counted from another ledger, or from a later state of this one, are not taken for
/// its.</param>
internal sealed record FollowerPosition(long Commit, byte[] Hash, long Usage, long Posting, long Record)
{
    public const string Columns = "commit_no, hash, last_usage, last_posting, last_record";

    public static FollowerPosition Start { get; } = new(0, [], 0, 0, 0);

    public static FollowerPosition Of(ChainRow commit) => new(commit.Commit, commit.Hash, commit.Last.Usage, commit.Last.Posting, commit.Last.Record);

    /// <param name="derived">Null: there are no derived tables, so nothing is counted.</param>
    public static FollowerPosition Read(ILedgerTables? derived)
    {
        if (derived is null) return Start;
        using var row = derived.Select($"SELECT {Columns} FROM follower");
        return row.Step() ? new(row.Int64(0), row.Bytes(1).ToArray(), row.Int64(2), row.Int64(3), row.Int64(4)) : Start;
    }

    /// <summary>Whether the commit is part of this ledger's chain.</summary>
    public bool IsIn(ILedgerTables ledger)
    {
        if (Commit == 0) return true;
        using var row = ledger.Select("SELECT hash FROM chain WHERE commit_no = ?", Commit);
        return row.Step() && row.Bytes(0).SequenceEqual(Hash);
    }
}
