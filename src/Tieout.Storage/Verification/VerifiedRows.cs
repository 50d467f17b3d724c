using Tieout.Core.Ledger;

namespace Tieout.Storage.Verification;

/// <summary>How far a verification has come, chain after chain.</summary>
internal sealed class VerifiedRows(IProgress<RowProgress>? progress, IEnumerable<Sequences> ends)
{
    // Last numbers may be damaged, and their sum must not be a reason to stop.
    private const long Most = long.MaxValue / 1_024;

    private readonly long _total = progress is null ? 0 : ends.Aggregate(0L, (sum, end) => Math.Min(Most, sum + Rows(end)));
    private long _before;

    public void EndCommit(ChainRow commit) => progress?.Report(new(_before + Rows(commit.Last), _total));

    /// <summary>The chain that ends like this is done.</summary>
    public void EndChain(Sequences end) => _before = Math.Min(Most, _before + Rows(end));

    private static long Rows(Sequences last) => (long)Int128.Clamp(
        (Int128)last.Commit + last.Usage + last.Posting + last.Hold + last.Setting + last.Finding + last.Outbox + last.Labels + last.Price + last.Object
        + last.Lineage + last.Audit + last.Record, 0, Most);
}
