using Tieout.Core.Ledger;

namespace Tieout.Storage.Verification;

/// <summary>How far a verification of one or more chains has come. Chains may be verified at once.</summary>
/// <param name="ends">The last numbers of each chain.</param>
internal sealed class VerifiedRows(IProgress<RowProgress>? progress, IEnumerable<Sequences> ends)
{
    // Last numbers may be damaged, and their sum must not be a reason to stop.
    private const long Most = long.MaxValue / 1_024;

    private readonly long _total = progress is null ? 0 : ends.Aggregate(0L, (sum, end) => Math.Min(Most, sum + Rows(end)));
    private readonly Lock _gate = new();
    private long _done;

    /// <summary>For one chain.</summary>
    public ChainProgress OfChain() => new(this);

    internal static long Rows(Sequences last) => (long)Int128.Clamp(
        (Int128)last.Commit + last.Usage + last.Posting + last.Hold + last.Setting + last.Finding + last.Outbox + last.Labels + last.Price + last.Object
        + last.Lineage + last.Audit + last.Record, 0, Most);

    internal void Add(long rows)
    {
        if (progress is null) return;
        lock (_gate)
        {
            _done = Math.Clamp(_done + rows, 0, Most);
            progress.Report(new(_done, _total));
        }
    }
}

/// <summary>How far the verification of one chain has come.</summary>
internal sealed class ChainProgress(VerifiedRows all)
{
    private long _done;

    public void EndCommit(ChainRow commit)
    {
        var done = VerifiedRows.Rows(commit.Last);
        all.Add(done - _done);
        _done = done;
    }
}
